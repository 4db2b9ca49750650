using System.Globalization;
using System.Text.Json.Nodes;
using Fovea.Data.Transforms.Pixels;
using Fovea.Export.Images;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Weights.Naming;

namespace Fovea.Export.Names;

/// <summary>A model as Hugging Face's transformers have it: <c>config.json</c>, <c>preprocessor_config.json</c> and the
/// dialect of its names.</summary>
internal static class HuggingFaceModel
{
    /// <summary>transformers' names of activations.</summary>
    public static IReadOnlyDictionary<UnaryOperator, string> Activations { get; } =
        new Dictionary<UnaryOperator, string>
        {
            [UnaryOperator.Gelu] = "gelu",
            [UnaryOperator.GeluTanh] = "gelu_pytorch_tanh",
            [UnaryOperator.Relu] = "relu",
            [UnaryOperator.Silu] = "silu",
        };

    /// <summary>Names and shapes of the model's class.</summary>
    public static NamingDialect Dialect(ModelConfig config)
    {
        NamingDialect dialect = config switch
        {
            VisionTransformerConfig { LayerScale: not null } vit =>
                NamingDialect.HfDinov2(vit.RegisterTokens > 0, vit.GatedMlp),
            VisionTransformerConfig { DistillationToken: true } => NamingDialect.HfDeit,
            VisionTransformerConfig => NamingDialect.HfVit,
            _ => NamingDialect.HfResNet,
        };
        return config.Classes > 0 ? dialect : dialect.Bare;
    }

    /// <summary>Contents of <c>config.json</c> for <c>AutoModelForImageClassification.from_pretrained</c>; of a model
    /// without a classifier head for <c>AutoModel</c>.</summary>
    public static JsonObject Config(ModelConfig config, IReadOnlyList<string> classes, bool isMultiLabel = false)
    {
        JsonObject json = config switch
        {
            VisionTransformerConfig { LayerScale: not null } vit => DinoV2(vit),
            VisionTransformerConfig vit => Vit(vit),
            ResNetConfig resnet => ResNet(resnet),
            _ => throw new ArgumentException("There is no such model.", nameof(config)),
        };
        if (config.Classes > 0)
        {
            json["id2label"] = new JsonObject(classes.Select((name, label) =>
                KeyValuePair.Create(label.ToString(CultureInfo.InvariantCulture), (JsonNode?)name)));
            // of two classes with one name, the first
            json["label2id"] = new JsonObject(classes.Select((name, label) => (Name: name, Label: label))
                .DistinctBy(pair => pair.Name).Select(pair => KeyValuePair.Create(pair.Name, (JsonNode?)pair.Label)));
            json["problem_type"] = isMultiLabel ? "multi_label_classification" : "single_label_classification";
        }

        json["torch_dtype"] = "float32";
        return json;
    }

    /// <summary>Contents of <c>preprocessor_config.json</c> for <c>AutoImageProcessor.from_pretrained</c>.</summary>
    public static JsonObject Processor(ImageSettings images)
    {
        JsonObject Square() => new() { ["height"] = images.Size, ["width"] = images.Size };
        bool cuts = images.ShorterSide is not null;
        JsonObject json = new()
        {
            // the one that resizes as a whole, and one that keeps the proportions and cuts
            ["image_processor_type"] = cuts ? "BitImageProcessor" : "ViTImageProcessor",
            ["do_convert_rgb"] = images.Normalization.Mean.Count == 3,
            ["do_resize"] = true,
            ["size"] = images.ShorterSide is int side ? new JsonObject { ["shortest_edge"] = side } : Square(),
            ["resample"] = Resample(images.Interpolation),
        };
        if (cuts) (json["do_center_crop"], json["crop_size"]) = (true, Square());
        json["do_rescale"] = true;
        json["rescale_factor"] = 1.0 / 255;
        json["do_normalize"] = true;
        json["image_mean"] = ConfigText.List(images.Normalization.Mean);
        json["image_std"] = ConfigText.List(images.Normalization.Std);
        return json;
    }

    /// <summary>Pillow's number of a filter.</summary>
    private static int Resample(Interpolation interpolation) => interpolation switch
    {
        Interpolation.Nearest => 0,
        Interpolation.Lanczos => 1,
        Interpolation.Bilinear => 2,
        Interpolation.Bicubic => 3,
        _ => 4,
    };

    private static JsonObject Vit(VisionTransformerConfig vit)
    {
        JsonObject json = Transformer(vit, vit.DistillationToken ? "DeiT" : "ViT",
            vit.DistillationToken ? "WithTeacher" : "", vit.DistillationToken ? "deit" : "vit");
        json["intermediate_size"] = vit.MlpDim ?? 4 * vit.Dim;
        return json;
    }

    private static JsonObject DinoV2(VisionTransformerConfig vit)
    {
        bool registers = vit.RegisterTokens > 0;
        JsonObject json = Transformer(vit, registers ? "Dinov2WithRegisters" : "Dinov2", "",
            registers ? "dinov2_with_registers" : "dinov2");
        json["mlp_ratio"] = vit.GatedMlp ? 4 : (vit.MlpDim ?? 4 * vit.Dim) / vit.Dim;
        json["use_swiglu_ffn"] = vit.GatedMlp;
        json["layerscale_value"] = ConfigText.Number(vit.LayerScale ?? 1);
        json["drop_path_rate"] = ConfigText.Number(0);
        if (registers) json["num_register_tokens"] = vit.RegisterTokens;
        return json;
    }

    private static JsonObject Transformer(VisionTransformerConfig vit, string kind, string ending, string type) => new()
    {
        ["architectures"] = new JsonArray(vit.Classes > 0 ? $"{kind}ForImageClassification{ending}" : $"{kind}Model"),
        ["model_type"] = type,
        ["hidden_size"] = vit.Dim,
        ["num_hidden_layers"] = vit.Depth,
        ["num_attention_heads"] = vit.Heads,
        ["hidden_act"] = Activations[vit.Activation],
        ["hidden_dropout_prob"] = ConfigText.Number(0),
        ["attention_probs_dropout_prob"] = ConfigText.Number(0),
        ["layer_norm_eps"] = ConfigText.Number(vit.NormEpsilon),
        ["qkv_bias"] = vit.QkvBias,
        ["image_size"] = vit.ImageSize,
        ["patch_size"] = vit.PatchSize,
        ["num_channels"] = vit.Channels,
    };

    private static JsonObject ResNet(ResNetConfig resnet)
    {
        bool isBasic = resnet.Block == ResidualKind.Basic;
        return new()
        {
            ["architectures"] = new JsonArray(resnet.Classes > 0 ? "ResNetForImageClassification" : "ResNetModel"),
            ["model_type"] = "resnet",
            ["num_channels"] = resnet.Channels,
            ["embedding_size"] = resnet.Widths[0],
            ["hidden_sizes"] = ConfigText.List(resnet.Widths.Select(width => isBasic ? width : 4 * width)),
            ["depths"] = ConfigText.List(resnet.Layers),
            ["layer_type"] = isBasic ? "basic" : "bottleneck",
            ["hidden_act"] = "relu",
            ["downsample_in_first_stage"] = false,
            ["downsample_in_bottleneck"] = false,
        };
    }
}
