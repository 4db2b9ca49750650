using System.Text.Json.Nodes;
using Fovea.Export.Images;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;

namespace Fovea.Export.Names;

/// <summary>A model as timm has it: the <c>config.json</c> of a folder or a repository of Hugging Face's hub.</summary>
internal static class TimmModel
{
    /// <summary>timm's architectures among the presets' names and aliases; the first that is like a model is
    /// named.</summary>
    private static readonly string[] Architectures =
    [
        "vit_tiny_patch16_224", "vit_small_patch16_224", "vit_small_patch32_224", "vit_base_patch8_224",
        "vit_base_patch16_224", "vit_base_patch32_224", "vit_large_patch16_224", "vit_large_patch32_224",
        "vit_huge_patch14_224", "vit_small_r26_s32_224", "vit_base_r50_s16_224", "vit_large_r50_s32_224",
        "deit_tiny_patch16_224", "deit_small_patch16_224", "deit_base_patch16_224",
        "deit_tiny_distilled_patch16_224", "deit_small_distilled_patch16_224", "deit_base_distilled_patch16_224",
        "vit_small_patch14_dinov2", "vit_base_patch14_dinov2", "vit_large_patch14_dinov2", "vit_giant_patch14_dinov2",
        "vit_small_patch14_reg4_dinov2", "vit_base_patch14_reg4_dinov2", "vit_large_patch14_reg4_dinov2",
        "vit_giant_patch14_reg4_dinov2", "vit_small_patch16_dinov3", "vit_small_plus_patch16_dinov3",
        "vit_base_patch16_dinov3", "vit_large_patch16_dinov3", "vit_small_patch16_dinov3_qkvb",
        "vit_small_plus_patch16_dinov3_qkvb", "vit_base_patch16_dinov3_qkvb", "vit_large_patch16_dinov3_qkvb",
        "vit_base_patch16_siglip_224", "vit_base_patch16_siglip_256", "vit_base_patch32_siglip_256",
        "vit_large_patch16_siglip_256", "vit_so400m_patch14_siglip_224", "vit_so400m_patch16_siglip_256",
        "vit_giantopt_patch16_siglip_256", "vit_base_patch16_siglip_gap_224", "vit_base_patch16_siglip_gap_256",
        "vit_base_patch32_siglip_gap_256", "vit_large_patch16_siglip_gap_256", "vit_so400m_patch14_siglip_gap_224",
        "vit_so400m_patch16_siglip_gap_256", "vit_giantopt_patch16_siglip_gap_256", "swin_tiny_patch4_window7_224",
        "swin_small_patch4_window7_224",
        "swin_base_patch4_window7_224", "swin_large_patch4_window7_224", "resnet18", "resnet34", "resnet50",
        "resnet101", "resnet152",
    ];

    /// <summary>timm's architectures whose MLPs have GELU by its tanh approximation.</summary>
    private static readonly string[] WithTanh = ["vit_base_patch32_siglip_256", "vit_so400m_patch16_siglip_256",
        "vit_giantopt_patch16_siglip_256", "vit_base_patch32_siglip_gap_256", "vit_so400m_patch16_siglip_gap_256",
        "vit_giantopt_patch16_siglip_gap_256"];

    /// <summary>A model that timm builds of its EVA family: positions turn queries and keys.</summary>
    public static bool IsEva(VisionTransformerConfig vit) => vit.Position.Equals(PositionKind.Rope);

    /// <summary>Contents of the file, for <c>timm.create_model('local-dir:FOLDER')</c>.</summary>
    /// <param name="name">The model's name here, which may be one of timm's.</param>
    /// <param name="config">The model.</param>
    /// <param name="images">Its images.</param>
    /// <param name="classes">Names of its classes.</param>
    /// <param name="dataset">Name of the data that it was trained on.</param>
    public static JsonObject Config(string name, ModelConfig config, ImageSettings images,
        IReadOnlyList<string> classes, string dataset)
    {
        (string architecture, ModelConfig base_) = Nearest(name, config);
        bool isResidual = config is ResNetConfig;
        JsonObject pretrained = new()
        {
            ["tag"] = "fovea",
            ["custom_load"] = false,
            ["input_size"] = ConfigText.List([config.Channels, config.ImageSize, config.ImageSize]),
            ["fixed_input_size"] = !isResidual,
            ["interpolation"] = images.Interpolation.ToString().ToLowerInvariant(),
            ["crop_pct"] = images.Share == 1 ? ConfigText.Number(1) : images.Share,
            ["crop_mode"] = images.ShorterSide is null ? "squash" : "center",
            ["mean"] = ConfigText.List(images.Normalization.Mean),
            ["std"] = ConfigText.List(images.Normalization.Std),
            ["num_classes"] = config.Classes,
            ["pool_size"] = isResidual ? ConfigText.List([(config.ImageSize + 31) / 32, (config.ImageSize + 31) / 32])
                : null,
            // images of other channels are those of the weights: nothing to adapt
            ["first_conv"] = config.Channels != 3 ? null : isResidual ? "conv1"
                : config is VisionTransformerConfig { Backbone: not null } ? "patch_embed.backbone.stem.conv"
                : "patch_embed.proj",
            ["classifier"] = isResidual ? "fc"
                : config is SwinConfig ? "head.fc"
                : config is VisionTransformerConfig { DistillationToken: true } ? new JsonArray("head", "head_dist")
                : "head",
            ["description"] = $"trained on {dataset}",
        };
        JsonObject arguments = Arguments(config, base_);
        if (config is VisionTransformerConfig own)
        {
            // timm's DINOv3 takes the mean unless told otherwise
            if (IsEva(own)) arguments["global_pool"] = Pool(own);
            bool isTanh = own.Activation == UnaryOperator.GeluTanh;
            if (isTanh != WithTanh.Contains(architecture)) arguments["act_layer"] = isTanh ? "gelu_tanh" : "gelu";
        }

        JsonObject json = new()
        {
            ["architecture"] = architecture,
            ["num_classes"] = config.Classes,
            ["num_features"] = config switch
            {
                VisionTransformerConfig vit => vit.Dim,
                SwinConfig swin => swin.FirstStage.Dim << (swin.Depths.Count - 1),
                ResNetConfig resnet => resnet.Widths[^1] * (resnet.Block == ResidualKind.Basic ? 1 : 4),
                _ => null,
            },
            ["global_pool"] = config is VisionTransformerConfig vision ? Pool(vision) : "avg",
            ["model_args"] = arguments,
            ["pretrained_cfg"] = pretrained,
        };
        if (config.Classes > 0) json["label_names"] = new JsonArray([.. classes.Select(one => (JsonNode)one)]);
        return json;
    }

    /// <summary>The architecture of the same name, or one that is alike but for images and classes; else one that
    /// becomes the model by its arguments.</summary>
    private static (string Name, ModelConfig Config) Nearest(string name, ModelConfig config)
    {
        foreach (string architecture in Architectures.OrderBy(one =>
            !Presets.Find(one).Aliases.Prepend(Presets.Find(one).Name)
                .Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            ModelConfig preset = Presets.Find(architecture).Config;
            if (preset.GetType() == config.GetType() && Arguments(config, preset with
            {
                ImageSize = config.ImageSize,
                Channels = config.Channels,
                Classes = config.Classes,
            }) is { Count: 0 }) return (architecture, preset);
        }

        string other = config switch
        {
            VisionTransformerConfig { Backbone: { } stages } => stages.Count == 3 ? "vit_base_r50_s16_224"
                : stages.Sum() == 8 ? "vit_small_r26_s32_224" : "vit_large_r50_s32_224",
            VisionTransformerConfig { DistillationToken: true } => "deit_base_distilled_patch16_224",
            VisionTransformerConfig { Pooling: Pooling.Map } => "vit_base_patch16_siglip_224",
            VisionTransformerConfig { Pooling: Pooling.NormedMean } => "vit_base_patch16_siglip_gap_224",
            VisionTransformerConfig rotated when IsEva(rotated) => rotated switch
            {
                { GatedMlp: true, QkvBias: true } => "vit_small_plus_patch16_dinov3_qkvb",
                { GatedMlp: true } => "vit_small_plus_patch16_dinov3",
                { QkvBias: true } => "vit_base_patch16_dinov3_qkvb",
                _ => "vit_base_patch16_dinov3",
            },
            VisionTransformerConfig { GatedMlp: true } => "vit_giant_patch14_dinov2",
            SwinConfig => "swin_tiny_patch4_window7_224",
            ResNetConfig { Block: ResidualKind.Basic } => "resnet18",
            ResNetConfig => "resnet50",
            _ => "vit_base_patch16_224",
        };
        return (other, Presets.Find(other).Config);
    }

    /// <summary>Arguments of timm's models that make one of an architecture.</summary>
    private static JsonObject Arguments(ModelConfig config, ModelConfig from)
    {
        JsonObject arguments = [];
        void Put(string name, JsonNode? value, JsonNode? before)
        {
            if (!JsonNode.DeepEquals(value, before)) arguments[name] = value;
        }

        if (config.Channels != 3) arguments["in_chans"] = config.Channels;
        if (config is VisionTransformerConfig vit && from is VisionTransformerConfig old)
        {
            Put("img_size", vit.ImageSize, old.ImageSize);
            Put("patch_size", vit.PatchSize, old.PatchSize);
            Put("embed_dim", vit.Dim, old.Dim);
            Put("depth", vit.Depth, old.Depth);
            Put("num_heads", vit.Heads, old.Heads);
            Put("mlp_ratio", MlpRatio(vit), MlpRatio(old));
            Put("qkv_bias", vit.QkvBias, old.QkvBias);
            Put("init_values", vit.LayerScale is null ? null : 1e-5, old.LayerScale is null ? null : 1e-5);
            Put("class_token", vit.ClassToken, old.ClassToken);
            Put("no_embed_class", !vit.PrefixPositions, !old.PrefixPositions);
            Put(IsEva(vit) ? "num_reg_tokens" : "reg_tokens", vit.RegisterTokens, old.RegisterTokens);
            Put("global_pool", Pool(vit), Pool(old));
            if (!IsEva(vit))
                Put("pos_embed", vit.Position.Has(PositionKind.None) ? "none" : "learn", "learn");
            // what no argument says
            if (vit.DistillationToken != old.DistillationToken || vit.GatedMlp != old.GatedMlp
                || !Equals(vit.Backbone, old.Backbone) || IsEva(vit) != IsEva(old)
                || vit.KeyBias != old.KeyBias
                || (vit.Pooling == Pooling.NormedMean) != (old.Pooling == Pooling.NormedMean)) arguments["kind"] = "";
        }
        else if (config is SwinConfig swin && from is SwinConfig before)
        {
            (VisionTransformerConfig first, VisionTransformerConfig firstBefore) = (swin.FirstStage, before.FirstStage);
            Put("img_size", swin.ImageSize, before.ImageSize);
            Put("patch_size", first.PatchSize, firstBefore.PatchSize);
            Put("window_size", Window(swin), Window(before));
            Put("embed_dim", first.Dim, firstBefore.Dim);
            Put("depths", ConfigText.List(swin.Depths), ConfigText.List(before.Depths));
            Put("num_heads", ConfigText.List(Heads(swin)), ConfigText.List(Heads(before)));
            Put("mlp_ratio", MlpRatio(first), MlpRatio(firstBefore));
            Put("qkv_bias", first.QkvBias, firstBefore.QkvBias);
        }
        else if (config is ResNetConfig resnet && from is ResNetConfig other)
        {
            Put("layers", ConfigText.List(resnet.Layers), ConfigText.List(other.Layers));
            if (resnet.Block != other.Block) arguments["kind"] = "";
        }

        return arguments;
    }

    private static int Window(SwinConfig swin) =>
        ((SwinAttention)swin.Build().Stages[0][0].Attention.Mechanism).Window;

    private static int[] Heads(SwinConfig swin) =>
        [.. swin.Depths.Select((_, stage) => swin.FirstStage.Heads << stage)];

    private static string Pool(VisionTransformerConfig vit) => vit.Pooling switch
    {
        Pooling.ClassToken => "token",
        Pooling.Map => "map",
        _ => "avg",
    };

    /// <summary>Width of the MLP's first layer as a multiple of dim, such as timm rounds down to it again.</summary>
    private static double MlpRatio(VisionTransformerConfig vit)
    {
        int hidden = (vit.MlpDim ?? 4 * vit.Dim) * (vit.GatedMlp && !IsEva(vit) ? 2 : 1);
        double ratio = (double)hidden / vit.Dim;
        return (int)(vit.Dim * ratio) == hidden ? ratio : Math.BitIncrement(ratio);
    }
}
