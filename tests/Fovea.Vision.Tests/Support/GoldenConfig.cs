using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Support;

/// <summary>Models of golden cases, from timm's arguments.</summary>
internal static class GoldenConfig
{
    public static VisionTransformerConfig VisionTransformer(this Golden golden)
    {
        JsonElement config = golden.Config;
        double Number(string name, double otherwise) => config.TryGetProperty(name, out JsonElement value)
            ? value.GetDouble() : otherwise;
        bool Flag(string name, bool otherwise) => config.TryGetProperty(name, out JsonElement value)
            ? value.GetBoolean() : otherwise;
        string Text(string name, string otherwise) => config.TryGetProperty(name, out JsonElement value)
            ? value.GetString()! : otherwise;

        int dim = (int)Number("embed_dim", 0);
        string mlp = Text("mlp", "");   // in words, e.g. "SwiGLUPacked, fc1 out 256, hidden 128"
        bool mean = Text("global_pool", "token") == "avg", gated = mlp.Contains("SwiGLU", StringComparison.Ordinal);
        return new VisionTransformerConfig
        {
            ImageSize = (int)Number("img_size", 224),
            PatchSize = (int)Number("patch_size", 16),
            Channels = (int)Number("in_chans", 3),
            Classes = (int)Number("num_classes", 1000),
            Dim = dim,
            Depth = (int)Number("depth", 12),
            Heads = (int)Number("num_heads", 12),
            MlpDim = gated ? (int)NumberAfter("hidden ", mlp, 0)
                : (int)(dim * Number("mlp_ratio", NumberAfter("ratio ", mlp, 4))),
            GatedMlp = gated,
            QkvBias = Flag("qkv_bias", true),
            NormEpsilon = (float)Number("layer_norm_eps", 1e-6),
            Activation = gated ? UnaryOperator.Silu
                : Text("act", "gelu (erf)").Contains("tanh", StringComparison.Ordinal) ? UnaryOperator.GeluTanh
                : UnaryOperator.Gelu,
            Pooling = mean ? Pooling.Mean : Pooling.ClassToken,
            ClassToken = Flag("class_token", true),
            DistillationToken = Text("tokens", "").Contains("dist", StringComparison.Ordinal),
            RegisterTokens = (int)Number("reg_tokens", 0),
            PrefixPositions = !Flag("no_embed_class", false),
            LayerScale = Flag("layer_scale", false) ? 1e-5f
                : config.TryGetProperty("init_values", out JsonElement scale) && scale.ValueKind == JsonValueKind.Number
                ? scale.GetSingle() : null,
        };
    }

    private static double NumberAfter(string word, string text, double otherwise) =>
        Regex.Match(text, $@"{word}(\d+(\.\d+)?)") is { Success: true } match
            ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : otherwise;

    /// <summary>A whole number of the case's <c>config</c>.</summary>
    public static int Integer(this Golden golden, string name) => golden.Config.GetProperty(name).GetInt32();

    /// <summary>The case's model with the case's weights.</summary>
    public static VisionTransformer LoadModel(this Golden golden, Device device)
    {
        VisionTransformer model = golden.VisionTransformer().Build();
        model.Allocate(device);
        model.Load(golden.Weights.ToTensors(Device.Reference));
        return model;
    }
}
