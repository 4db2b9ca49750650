using Fovea.Tensors;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;

namespace Fovea.Vision.Models.Transformers;

/// <summary>Vision Transformers under a name: sizes, and where they come from. A test pins each one's parameter
/// count.</summary>
internal static class VisionTransformerPresets
{
    public static readonly Preset[] All =
    [
        // Small images.
        new("vit-nano", new VisionTransformerConfig
        {
            ImageSize = 32, PatchSize = 4, Dim = 96, Depth = 4, Heads = 3, MlpDim = 192, Classes = 10,
                ClassToken = false, Pooling = Pooling.Mean,
            Position = PositionKind.SinCos2d, WeightInit = WeightInit.Xavier,
        }, "A quick start: 64 tokens, fixed positions, mean pooling.", "vit-shapes"),
        new("vit", Small(patch: 2, dim: 128, depth: 4, heads: 8, mlp: 512),
            "Patch 2: 257 tokens of a CIFAR image, 8 narrow heads."),
        new("vitl", Small(patch: 1, dim: 128, depth: 4, heads: 8, mlp: 512) with { Attention = "linear",
            QkvBias = false, ProjectionBias = false },
            "A token per pixel: 1,024 tokens, linear attention."),
        new("vitx", Small(patch: 1, dim: 128, depth: 4, heads: 8, mlp: 512) with
        {
            Attention = "linear", QkvBias = false, ProjectionBias = false, Embedding = EmbeddingKind.Convolution,
        }, "As vitl, its tokens made by three convolutions."),
        new("vit-cifar", Small(patch: 4, dim: 384, depth: 4, heads: 6, mlp: 1536),
            "Wide and shallow, for studies of attention on CIFAR."),

        // Most patches of a digit are blank, and alike until positions tell them apart: with first positions as large
        // as tokens it learns several times faster.
        new("visual-attention", Small(patch: 4, dim: 256, depth: 12, heads: 8, mlp: 512) with { PositionStd = 1 },
            "Deep and narrow, for MNIST, CIFAR-10 and CIFAR-100."),

        // Compact convolutional transformers for small data (Hassani et al. 2021, arXiv:2104.05704): CCT-blocks/kernel
        // x convolutions.
        new("cct_2_3x2", Compact(convolutions: 2, dim: 128, depth: 2, heads: 2, mlp: 128),
            "Small and quick to train on small data: 64 tokens made by convolutions and pooling.", "cct-2"),
        new("cct_7_3x1", Compact(convolutions: 1, dim: 256, depth: 7, heads: 4, mlp: 512),
            "For small data, larger: 256 tokens made by a convolution and pooling.", "cct-7"),

        // Sinkformers (Sander et al. 2022, arXiv:2110.11773).
        new("sinkformer", new VisionTransformerConfig
        {
            ImageSize = 224, PatchSize = 16, Dim = 128, Depth = 6, Heads = 8, HeadDim = 64, MlpDim = 128, Classes = 2,
                QkvBias = false, NormEpsilon = 1e-5f,
            Attention = "sinkhorn:3",
        }, "Doubly stochastic attention, for cats and dogs."),
        new("sinkformer-mnist", new VisionTransformerConfig
        {
            ImageSize = 28, Channels = 1, PatchSize = 7, Dim = 128, Depth = 1, Heads = 1, MlpDim = 0, Classes = 10,
                QkvBias = false, NormEpsilon = 1e-5f,
            Attention = "sinkhorn:3",
        }, "Attention only, one block, one head."),

        // timm's Vision Transformers (Dosovitskiy et al. 2021, arXiv:2010.11929; Steiner et al. 2022,
        // arXiv:2106.10270).
        new("vit_tiny_patch16_224", Timm(16, 192, 12, 3), "ViT-Ti/16", "vit-tiny", "vit_ti_16"),
        new("vit_small_patch16_224", Timm(16, 384, 12, 6), "ViT-S/16", "vit-small", "vit_s_16"),
        new("vit_small_patch32_224", Timm(32, 384, 12, 6), "ViT-S/32", "vit_s_32"),
        new("vit_base_patch8_224", Timm(8, 768, 12, 12), "ViT-B/8", "vit_b_8"),
        new("vit_base_patch16_224", Timm(16, 768, 12, 12), "ViT-B/16", "vit-base", "vit_b_16", "vit_12x768"),
        new("vit_base_patch32_224", Timm(32, 768, 12, 12), "ViT-B/32", "vit_b_32"),
        new("vit_large_patch16_224", Timm(16, 1024, 24, 16), "ViT-L/16", "vit-large", "vit_l_16", "vit_24x1024"),
        new("vit_large_patch32_224", Timm(32, 1024, 24, 16), "ViT-L/32", "vit_l_32"),
        new("vit_huge_patch14_224", Timm(14, 1280, 32, 16), "ViT-H/14", "vit-huge", "vit_h_14"),
        new("vit_32x1280", Timm(16, 1280, 32, 16), "ViT-H/16"),

        // Hybrids: the same on tokens of a residual network (the same papers), and a relative for small images, which
        // a network of four stages would make one token of.
        new("hybrid-nano", new VisionTransformerConfig
        {
            ImageSize = 32,
            PatchSize = 4,
            Dim = 96,
            Depth = 4,
            Heads = 3,
            MlpDim = 192,
            Classes = 10,
            ClassToken = false,
            Pooling = Pooling.Mean,
            Backbone = [2],
            BackboneWidth = 32,
        }, "A residual network makes 64 tokens of a small image.", "hybrid-cifar"),
        new("vit_small_r26_s32_224", Timm(32, 384, 12, 6) with { Backbone = [2, 2, 2, 2] }, "R26 + ViT-S/32",
            "r26_s32"),
        new("vit_base_r50_s16_224", Timm(16, 768, 12, 12) with { Backbone = [3, 4, 9] }, "R50 + ViT-B/16", "r50_b16"),
        new("vit_large_r50_s32_224", Timm(32, 1024, 24, 16) with { Backbone = [3, 4, 6, 3] }, "R50 + ViT-L/32",
            "r50_l32"),

        // DeiT without distillation: the same networks, other recipes (Touvron et al. 2021, arXiv:2012.12877).
        new("deit_tiny_patch16_224", Timm(16, 192, 12, 3), "DeiT-Ti/16", "deit-tiny"),
        new("deit_small_patch16_224", Timm(16, 384, 12, 6), "DeiT-S/16", "deit-small"),
        new("deit_base_patch16_224", Timm(16, 768, 12, 12), "DeiT-B/16", "deit-base"),

        // DeiT with a distillation token (the same paper, section 4).
        new("deit_tiny_distilled_patch16_224", Timm(16, 192, 12, 3) with { DistillationToken = true },
            "DeiT-Ti/16 that also learns from a teacher"),
        new("deit_small_distilled_patch16_224", Timm(16, 384, 12, 6) with { DistillationToken = true },
            "DeiT-S/16 that also learns from a teacher"),
        new("deit_base_distilled_patch16_224", Timm(16, 768, 12, 12) with { DistillationToken = true },
            "DeiT-B/16 that also learns from a teacher"),

        // DINOv2 (Oquab et al. 2023, arXiv:2304.07193), with registers (Darcet et al. 2024, arXiv:2309.16588):
        // features, no head.
        .. from registers in (bool[])[false, true]
           from size in (string[])["small", "base", "large", "giant"]
           select DinoV2(size, registers),

        // DINOv3 (Siméoni et al. 2025, arXiv:2508.10104), with a bias of queries and values as in Meta's files, and
        // without one: in the distilled models it ended at 0, and timm has both.
        .. from bias in (bool[])[true, false]
           from size in (string[])["small", "small_plus", "base", "large"]
           select DinoV3(size, bias),

        // Image towers of SigLIP and SigLIP 2 (Tschannen et al. 2025, arXiv:2502.14786): features, no head.
        .. Siglips,
        // The same whose vector is the mean of the normed patches.
        .. from map in Siglips
           select new Preset(map.Name.Replace("_siglip_", "_siglip_gap_"),
               (VisionTransformerConfig)map.Config with { Pooling = Pooling.NormedMean },
               map.Description.Replace("features", "mean of the patches"), map.Aliases[0] + "-gap"),

        // Locality-aware initialisation, disentangled attention, both; Performers with either, and with sampled keys;
        // sampled keys and learned windows, with softmax and in Performers.
        .. from kind in (string[])["lai", "dis", "dislai", "performer", "performer_lai", "performer_dis",
            "performer_deformable", "deformable", "gaussian", "performer_gaussian"]
           from size in Sizes
           select new Preset($"vit_{kind}_{size.Name}", size.Config with { Attention = Studied(kind) },
               Description(kind, size.Name),
               size.Name == "small" ? [] : [$"vit_{kind}_{size.Config.Depth}x{size.Config.Dim}"]),
    ];

    private static Preset[] Siglips =>
    [
        Siglip("vit_base_patch16_siglip_224", Timm(16, 768, 12, 12), 224, "B/16", "siglip2-base-patch16-224"),
        Siglip("vit_base_patch16_siglip_256", Timm(16, 768, 12, 12), 256, "B/16", "siglip2-base-patch16-256"),
        Siglip("vit_base_patch32_siglip_256", Timm(32, 768, 12, 12), 256, "B/32", "siglip2-base-patch32-256"),
        Siglip("vit_large_patch16_siglip_256", Timm(16, 1024, 24, 16), 256, "L/16", "siglip2-large-patch16-256"),
        Siglip("vit_so400m_patch14_siglip_224", Timm(14, 1152, 27, 16) with { MlpDim = 4304 }, 224, "So400m/14",
            "siglip2-so400m-patch14-224"),
        Siglip("vit_so400m_patch16_siglip_256", Timm(16, 1152, 27, 16) with { MlpDim = 4304 }, 256, "So400m/16",
            "siglip2-so400m-patch16-256"),
        Siglip("vit_giantopt_patch16_siglip_256", Timm(16, 1536, 40, 16), 256, "g-opt/16",
            "siglip2-giant-opt-patch16-256"),
    ];

    /// <summary>The windows of the study that these models come from: 8, 12, 18, 20 tokens to each side, then
    /// open.</summary>
    private const string Windows = "lai=sequence,window=8/12/18/20,until=5/10/15/20";

    /// <summary>Sizes under timm's names; from 12 x 768 on those that the study itself has, under depth and width,
    /// too.</summary>
    private static (string Name, VisionTransformerConfig Config)[] Sizes =>
        [("small", Timm(16, 384, 12, 6)), ("base", Timm(16, 768, 12, 12)), ("large", Timm(16, 1024, 24, 16)),
            ("huge", Timm(16, 1280, 32, 16))];

    private static string Studied(string kind) => kind switch
    {
        "lai" => $"softmax:{Windows}",
        "dis" => "disentangled",
        "performer" => "performer",
        "performer_lai" => $"performer:{Windows}",
        "performer_dis" => "disentangled:mix=performer",
        "performer_deformable" => "dat:mix=performer",
        "deformable" => "dat:bias=true",
        "gaussian" => "gaussian",
        "performer_gaussian" => "gaussian:mix=performer",
        _ => $"disentangled:axes=1,{Windows}",
    };

    private static string Description(string kind, string size) =>
        $"ViT-{char.ToUpperInvariant(size[0])}/16 with " + kind switch
        {
            "lai" => "windows that widen by epoch",
            "dis" => "disentangled attention",
            "performer" => "random features",
            "performer_lai" => "random features and windows that widen by epoch",
            "performer_dis" => "disentangled attention by random features",
            "performer_deformable" => "random features over keys read at learned locations",
            "deformable" => "keys read at learned locations",
            "gaussian" => "learned windows that queries move",
            "performer_gaussian" => "random features and learned windows that queries move",
            _ => "disentangled attention and windows that widen by epoch",
        };

    /// <summary>Published with attention dropout 0.1 too, which would store every map; it can be set in the
    /// configuration.</summary>
    private static VisionTransformerConfig Compact(int convolutions, int dim, int depth, int heads, int mlp) => new()
    {
        ImageSize = 32,
        PatchSize = 1 << convolutions,
        Dim = dim,
        Depth = depth,
        Heads = heads,
        MlpDim = mlp,
        Classes = 10,
        QkvBias = false,
        NormEpsilon = 1e-5f,
        NormedResidual = true,
        ClassToken = false,
        Pooling = Pooling.Sequence,
        Embedding = EmbeddingKind.Tokenizer,
        PositionStd = 0.2f,
        DropPath = 0.1f,
    };

    private static Preset DinoV2(string size, bool registers)
    {
        VisionTransformerConfig sized = size switch
        {
            "small" => Timm(14, 384, 12, 6),
            "base" => Timm(14, 768, 12, 12),
            "large" => Timm(14, 1024, 24, 16),
            _ => Timm(14, 1536, 40, 24) with { MlpDim = 4096, GatedMlp = true, Activation = UnaryOperator.Silu },
        };
        VisionTransformerConfig config = sized with { ImageSize = 518, Classes = 0, LayerScale = 1e-5f };
        if (registers) config = config with { RegisterTokens = 4, PrefixPositions = false };
        (string ending, string alias) = registers ? ("_reg", "reg4_dinov2") : ("", "dinov2");
        char letter = size == "giant" ? 'g' : char.ToUpperInvariant(size[0]);
        string with = registers ? " with 4 registers" : "";
        return new($"dinov2_vit{size[0]}14{ending}", config, $"DINOv2 ViT-{letter}/14{with}: features, no head",
            $"vit_{size}_patch14_{alias}");
    }

    private static Preset DinoV3(string size, bool bias)
    {
        VisionTransformerConfig sized = size switch
        {
            "small" => Timm(16, 384, 12, 6),
            "small_plus" => Timm(16, 384, 12, 6) with
            {
                MlpDim = 1536,
                GatedMlp = true,
                Activation = UnaryOperator.Silu,
            },
            "base" => Timm(16, 768, 12, 12),
            _ => Timm(16, 1024, 24, 16),
        };
        VisionTransformerConfig config = sized with
        {
            Classes = 0,
            NormEpsilon = 1e-5f,
            Position = PositionKind.Rope,
            RegisterTokens = 4,
            LayerScale = 1e-5f,
            QkvBias = bias,
            KeyBias = !bias,
        };
        string kind = size == "small_plus" ? "S+" : size[..1].ToUpperInvariant(), timm = $"vit_{size}_patch16_dinov3";
        return bias
            ? new($"dinov3_vit{size[0]}16{(size == "small_plus" ? "plus" : "")}", config,
                $"DINOv3 ViT-{kind}/16: features, no head", $"{timm}_qkvb")
            : new(timm, config, $"DINOv3 ViT-{kind}/16 without a bias of queries and values");
    }

    private static Preset Siglip(string name, VisionTransformerConfig config, int imageSize, string size,
        string alias) =>
        new(name, config with
        {
            ImageSize = imageSize,
            Classes = 0,
            ClassToken = false,
            Pooling = Pooling.Map,
            Activation = UnaryOperator.GeluTanh,
        }, $"SigLIP 2 ViT-{size}: features, no head", alias);

    private static VisionTransformerConfig Small(int patch, int dim, int depth, int heads, int mlp) =>
        new()
        {
            ImageSize = 32,
            PatchSize = patch,
            Dim = dim,
            Depth = depth,
            Heads = heads,
            MlpDim = mlp,
            Classes = 10
        };

    private static VisionTransformerConfig Timm(int patch, int dim, int depth, int heads) =>
        new() { ImageSize = 224, PatchSize = patch, Dim = dim, Depth = depth, Heads = heads };
}
