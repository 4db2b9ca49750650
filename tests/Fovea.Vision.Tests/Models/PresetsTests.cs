using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Models;

public sealed class PresetsTests
{
    public static TheoryData<string> Names => [.. Presets.All.Select(preset => preset.Name)];

    [Theory]
    [InlineData("vit-nano", 305_002)]
    [InlineData("vit", 829_322)]
    [InlineData("vitl", 924_426)]
    [InlineData("vitx", 1_017_162)]
    [InlineData("vit_performer_small", 22_050_664)]
    [InlineData("vit-cifar", 7_146_634)]
    [InlineData("visual-attention", 6_357_770)]
    [InlineData("sinkformer", 1_899_138)]
    [InlineData("sinkformer-mnist", 76_170)]
    [InlineData("vit_lai_small", 22_050_664)]
    [InlineData("vit_dis_small", 22_050_664 + 12 * (8 + 8 + 3) * 384)]
    [InlineData("vit_dislai_small", 22_050_664 + 12 * (64 + 3) * 384)]
    [InlineData("vit_tiny_patch16_224", 5_717_416)]
    [InlineData("vit_small_patch16_224", 22_050_664)]
    [InlineData("vit_small_patch32_224", 22_878_952)]
    [InlineData("vit_base_patch8_224", 86_576_872)]
    [InlineData("vit_base_patch16_224", 86_567_656)]
    [InlineData("vit_base_patch32_224", 88_224_232)]
    [InlineData("vit_large_patch16_224", 304_326_632)]
    [InlineData("vit_large_patch32_224", 306_535_400)]
    [InlineData("vit_huge_patch14_224", 632_045_800)]
    [InlineData("vit_32x1280", 632_045_800 + 3 * 60 * 1280 - 60 * 1280)]   // patches of 256 pixels, 197 positions
    [InlineData("vit_12x768", 86_567_656)]
    [InlineData("vit_24x1024", 304_326_632)]
    [InlineData("vit_lai_12x768", 86_567_656)]
    [InlineData("vit_performer_lai_24x1024", 304_326_632)]
    [InlineData("vit_lai_32x1280", 632_045_800 + 2 * 60 * 1280)]
    // windows: centres and extents of 6 heads, and offsets
    [InlineData("vit_gaussian_small", 22_050_664 + 12 * (24 + 12 * 384))]
    [InlineData("vit_performer_gaussian_small", 22_050_664 + 12 * (24 + 12 * 384))]
    // locations: convolution, norm, direction, and a table of biases
    [InlineData("vit_deformable_small", 22_050_664 + 12 * (26 * 384 + 2 * 384 + 2 * 384 + 6 * 27 * 27))]
    [InlineData("deit_tiny_patch16_224", 5_717_416)]
    [InlineData("deit_small_patch16_224", 22_050_664)]
    [InlineData("deit_base_patch16_224", 86_567_656)]
    [InlineData("cct_2_3x2", 283_723)]   // published as 0.28 M
    [InlineData("cct_7_3x1", 3_760_139)]   // and 3.76 M
    [InlineData("deit_tiny_distilled_patch16_224", 5_910_800)]
    [InlineData("deit_small_distilled_patch16_224", 22_436_432)]
    [InlineData("deit_base_distilled_patch16_224", 87_338_192)]
    // the original's counts have a mask token more, which only pretraining reads
    [InlineData("dinov2_vits14", 22_056_192)]
    [InlineData("dinov2_vitb14", 86_579_712)]
    [InlineData("dinov2_vitl14", 304_367_616)]
    [InlineData("dinov2_vitg14", 1_136_479_232)]
    [InlineData("dinov2_vits14_reg", 22_056_192 + 3 * 384)]
    [InlineData("dinov2_vitb14_reg", 86_579_712 + 3 * 768)]
    [InlineData("dinov2_vitl14_reg", 304_367_616 + 3 * 1024)]
    [InlineData("vit_giant_patch14_reg4_dinov2", 1_136_479_232 + 3 * 1536)]
    // timm's: 21.59, 28.69, 85.64 and 303.08 M; with a bias of queries and values 2 dim more a block
    [InlineData("vit_small_patch16_dinov3", 21_586_944)]
    [InlineData("vit_small_plus_patch16_dinov3", 28_683_264)]
    [InlineData("vit_base_patch16_dinov3", 85_641_216)]
    [InlineData("vit_large_patch16_dinov3", 303_079_424)]
    [InlineData("dinov3_vits16", 21_586_944 + 12 * 2 * 384)]
    [InlineData("dinov3_vits16plus", 28_683_264 + 12 * 2 * 384)]
    [InlineData("dinov3_vitb16", 85_641_216 + 12 * 2 * 768)]
    [InlineData("dinov3_vitl16", 303_079_424 + 24 * 2 * 1024)]
    // timm's: 36.43, 98.66 and 328.99 M
    [InlineData("vit_small_r26_s32_224", 36_431_912)]
    [InlineData("vit_base_r50_s16_224", 98_659_112)]
    [InlineData("vit_large_r50_s32_224", 328_994_856)]
    // timm's: 92.88, 92.93, 94.55, 315.96, 427.68, 427.89 and 1163.17 M
    [InlineData("vit_base_patch16_siglip_224", 92_884_224)]
    [InlineData("vit_base_patch16_siglip_256", 92_930_304)]
    [InlineData("vit_base_patch32_siglip_256", 94_552_320)]
    [InlineData("vit_large_patch16_siglip_256", 315_956_224)]
    [InlineData("vit_so400m_patch14_siglip_224", 427_680_704)]
    [InlineData("vit_so400m_patch16_siglip_256", 427_888_064)]
    [InlineData("vit_giantopt_patch16_siglip_256", 1_163_168_256)]
    // timm's: 85.80, 85.84, 87.47, 303.36, 412.44, 412.65 and 1134.84 M
    [InlineData("vit_base_patch16_siglip_gap_224", 85_797_120)]
    [InlineData("vit_base_patch16_siglip_gap_256", 85_843_200)]
    [InlineData("vit_base_patch32_siglip_gap_256", 87_465_216)]
    [InlineData("vit_large_patch16_siglip_gap_256", 303_361_024)]
    [InlineData("vit_so400m_patch14_siglip_gap_224", 412_442_352)]
    [InlineData("vit_so400m_patch16_siglip_gap_256", 412_649_712)]
    [InlineData("siglip2-giant-opt-patch16-256-gap", 1_134_838_272)]
    [InlineData("hybrid-nano", 360_458)]
    [InlineData("swin-nano", 1_268_356)]
    [InlineData("swin_tiny_patch4_window7_224", 28_288_354)]
    [InlineData("swin_small_patch4_window7_224", 49_606_258)]
    [InlineData("swin_base_patch4_window7_224", 87_768_224)]
    [InlineData("swin_large_patch4_window7_224", 196_532_476)]
    [InlineData("cvt-nano", 1_825_642)]
    [InlineData("cvt_13", 19_997_480)]   // published as 20.0 M
    [InlineData("cvt_21", 31_622_696)]
    [InlineData("resnet18", 11_689_512)]
    [InlineData("resnet34", 21_797_672)]
    [InlineData("resnet50", 25_557_032)]
    [InlineData("resnet101", 44_549_160)]
    [InlineData("resnet152", 60_192_808)]
    [InlineData("resnet18-cifar", 11_173_962)]
    public void Parameter_counts_are_exact(string name, long parameters)
    {
        Assert.Equal(parameters, Presets.Find(name).ParameterCount);
    }

    [Fact]
    public void Names_and_aliases_are_unique_and_every_preset_is_valid()
    {
        Assert.Distinct(Presets.All.SelectMany(preset => preset.Aliases.Prepend(preset.Name)),
            StringComparer.OrdinalIgnoreCase);
        Assert.All(Presets.All, preset => preset.Config.Validate());
    }

    [Fact]
    public void A_preset_is_adapted_to_a_dataset()
    {
        ModelConfig digits = Presets.Find("visual-attention").Config with
        {
            ImageSize = 28,
            Channels = 1,
            Classes = 10
        };

        VisionTransformer model = Assert.IsType<VisionTransformer>(digits.Build());
        Dictionary<string, Shape> shapes = model.NamedParameters()
            .ToDictionary(entry => entry.Name, entry => entry.Parameter.Shape);
        Assert.Equal([1, 50, 256], shapes["pos_embed"]);
        Assert.Equal([256, 1, 4, 4], shapes["patch_embed.proj.weight"]);
    }

    /// <summary>By name and shape alone, so that the largest is looked at for free: whatever attention it gets, a
    /// backbone keeps all its weights.</summary>
    [Theory]
    [InlineData("vit_base_patch16_224")]
    [InlineData("deit_tiny_distilled_patch16_224")]
    [InlineData("dinov2_vits14")]
    [InlineData("dinov2_vitg14_reg")]
    [InlineData("cct_7_3x1")]
    public void Any_attention_leaves_a_backbone_its_weights(string name)
    {
        VisionTransformerConfig config = Assert.IsType<VisionTransformerConfig>(Presets.Find(name).Config);
        Dictionary<string, Shape> own = State(config);
        foreach (string attention in AttentionCatalogue.All.Select(entry => entry.Name)
            .Concat(["sinkhorn:iterations=5", "softmax:window=2/4,until=5/10", "performer:256",
                "softmax,sinkhorn:3,deformable"]))
        {
            Dictionary<string, Shape> swapped = State(config with { Attention = attention });
            Assert.Empty(own.Keys.Except(swapped.Keys));
            bool valuesAlone = attention.Contains("deformable", StringComparison.Ordinal);
            Assert.All(own.Where(entry => !valuesAlone || !entry.Key.Contains(".qkv.", StringComparison.Ordinal)),
                entry => Assert.Equal(entry.Value, swapped[entry.Key]));
            Assert.All(swapped.Keys.Except(own.Keys), added => Assert.Contains(".attn.", added));
        }

        static Dictionary<string, Shape> State(VisionTransformerConfig config) =>
            config.Build().NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Shape);
    }

    [Fact]
    public void Names_are_found_by_alias_and_whatever_their_case()
    {
        Assert.Equal("vit_base_patch16_224", Presets.Find("ViT_B_16").Name);
        Assert.Equal("vit-nano", Presets.Find("vit-shapes").Name);
    }

    [Fact]
    public void A_name_that_is_near_to_none_proposes_none()
    {
        string message = Assert.Throws<UsageException>(() => Presets.Find("mobilenet")).Message;
        Assert.StartsWith("there is no model called 'mobilenet'; there are ", message, StringComparison.Ordinal);
        Assert.Contains("such as vit-nano, vit, ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_suggests_the_nearest()
    {
        UsageException error = Assert.Throws<UsageException>(() => Presets.Find("vit_tiny_patch_224"));
        Assert.Equal("there is no model called 'vit_tiny_patch_224'; did you mean 'vit_tiny_patch16_224'?",
            error.Message);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_parameter_of_a_small_version_receives_a_gradient(string name)
    {
        using StepScope scope = StepScope.Begin();
        ImageClassifier model = Shrunk(Presets.Find(name).Config).Build();
        model.Initialize(Device.Cpu, 1);
        model.Context = model.Context with { Random = new Philox(1, 1) };
        ModelConfig config = model.Config;

        using Tape tape = Tape.Record();
        Tensor logits = model.Forward(
            TestTensors.Normal([2, config.Channels, config.ImageSize, config.ImageSize], Device.Cpu));
        Assert.Equal([2, config.Classes], logits.Shape);
        tape.Backward(Ops.CrossEntropy(logits, Tensor.From([1, 2], [2], Device.Cpu)));

        Assert.All(model.NamedParameters(), entry =>
        {
            Assert.True(entry.Parameter.Value.Gradient is not null, $"{entry.Name} has no gradient");
            if (entry.Name == "attention_pool.bias") return;   // the softmax behind it does not see it
            // the class token, which alone is read, passes by the convolution of the last block's queries
            if (config is CvtConfig
                && entry.Name.StartsWith("stage2.blocks.1.attn.conv_proj_q.", StringComparison.Ordinal)) return;
            Assert.True(entry.Parameter.Value.Gradient.ToArray().Any(value => value != 0),
                $"{entry.Name}: the gradient is zero");
        });
    }

    private static ModelConfig Shrunk(ModelConfig config) => config switch
    {
        VisionTransformerConfig vit => vit with
        {
            // several places, not all clamped to the border
            ImageSize = (vit.Attention.Of(0).Name == "dat" ? 6 : 2) * vit.PatchSize,
            BackboneWidth = vit.Backbone is null ? vit.BackboneWidth : 4,
            Dim = 4 * vit.Heads,
            Depth = 2,
            MlpDim = vit.MlpDim == 0 ? 0 : 16,
            Classes = 5,
            // A class token that is read alone leaves the last block's positions between patches without a gradient.
            Pooling = vit.Attention.Of(0).Name is "disentangled" or "gaussian" or "dat"
                ? Pooling.Mean : vit.Pooling,
        },
        SwinConfig swin => swin with
        {
            ImageSize = 4 * swin.FirstStage.PatchSize,
            FirstStage = swin.FirstStage with { Dim = 8, Heads = 2, Attention = "swin:2", DropPath = 0.1f },
            Depths = [2, 2],
            Classes = 5,
        },
        CvtConfig cvt => cvt with
        {
            ImageSize = 64,
            Dims = [4, 6, 8],
            Heads = [1, 1, 2],
            Depths = [1, 1, 2],
            Classes = 5,
        },
        ResNetConfig residual =>
            residual with { ImageSize = 64, Layers = [2, 1, 1, 1], Widths = [4, 6, 8, 10], Classes = 5 },
        _ => config with { Classes = 5 },
    };
}
