using System.Globalization;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Embedding;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;

namespace Fovea.Export.Names;

/// <summary>The first part of a model that another code base does not have.</summary>
internal static class Obstacle
{
    private const float UsualEpsilon = 1e-6f;

    /// <summary>Part of which a code base has no counterpart, such as <c>attention 'linear'</c>; null: it has all.</summary>
    public static string? Of(WeightNames names, ModelConfig config) => config switch
    {
        VisionTransformerConfig vit => (OfAll(vit) ?? names switch
        {
            WeightNames.Timm => OfTimm(vit),
            WeightNames.Torchvision => OfTorchvision(vit),
            WeightNames.Huggingface => OfHuggingFace(vit),
            _ => OfDinoV2(vit),
        }) ?? Rest(vit),
        ResNetConfig resnet => OfResNet(names, resnet),
        _ => "model of this family",
    };

    /// <exception cref="UsageException">The code base does not have a part of the model; the remedy says which names
    /// there are instead.</exception>
    public static void Require(WeightNames names, ModelConfig config)
    {
        if (Of(names, config) is not string obstacle) return;
        string[] others = [.. Enum.GetValues<WeightNames>().Where(other => Of(other, config) is null)
            .Select(other => other.ToString().ToLowerInvariant())];
        string instead = others.Length == 0 ? ""
            : $"`names` {string.Join(" and ", others)} {(others.Length == 1 ? "has" : "have")} all of it; ";
        throw new UsageException($"{NameOf(names)} has no {obstacle}, so its names cannot hold this model.")
        {
            Field = "names",
            Remedy =
                $"{char.ToUpperInvariant((instead + "`")[0])}{(instead + "`format` onnx holds every model.")[1..]}",
        };
    }

    /// <summary>The code base, for people.</summary>
    public static string NameOf(WeightNames names) => names switch
    {
        WeightNames.Huggingface => "Hugging Face's transformers",
        WeightNames.Dinov2 => "facebookresearch's dinov2",
        _ => names.ToString().ToLowerInvariant(),
    };

    private static string? OfAll(VisionTransformerConfig vit) =>
        vit.Attention.Specs.FirstOrDefault(spec => spec.ToString() != "softmax") is { } attention
            ? $"attention '{attention}'"
        : vit.Embedding != EmbeddingKind.Patch ? $"embedding '{Word(vit.Embedding)}'"
        : vit.Dim % vit.Heads != 0 || (vit.HeadDim ?? vit.Dim / vit.Heads) * vit.Heads != vit.Dim
            ? "heads that are not dim / heads wide"
        : vit.MlpDim == 0 ? "block without an MLP"
        : vit.NormedResidual ? "norm on the residual path"
        : !vit.ProjectionBias ? "output projection without bias"
        : vit.Pooling == Pooling.Sequence ? "pooling 'sequence'"
        : vit.GatedMlp && vit.Activation != UnaryOperator.Silu ? $"gated MLP with '{Word(vit.Activation)}'"
        : null;

    private static string? OfTimm(VisionTransformerConfig vit) =>
        vit.NormEpsilon != UsualEpsilon ? Epsilon(vit)
        : !vit.GatedMlp && vit.Activation != UnaryOperator.Gelu ? $"activation '{Word(vit.Activation)}' in a file"
        : vit.DistillationToken && (vit.RegisterTokens > 0 || !vit.PrefixPositions || vit.GatedMlp
            || vit.Position == PositionKind.None) ? "distillation token beside these parts"
        : null;

    private static string? OfTorchvision(VisionTransformerConfig vit) => OfClassToken(vit)
        ?? (vit.Channels != 3 ? Channels(vit)
        : vit.DistillationToken ? "distillation token"
        : vit.RegisterTokens > 0 ? "register tokens"
        : !vit.PrefixPositions ? "class token without a position"
        : vit.LayerScale is not null ? "layer scale"
        : vit.GatedMlp ? "gated MLP"
        : !vit.QkvBias ? "queries, keys and values without bias"
        : vit.Activation != UnaryOperator.Gelu ? $"activation '{Word(vit.Activation)}'"
        : vit.NormEpsilon != UsualEpsilon ? Epsilon(vit)
        : null);

    private static string? OfHuggingFace(VisionTransformerConfig vit) => OfClassToken(vit)
        ?? (vit.LayerScale is null
            ? vit.RegisterTokens > 0 ? "register tokens without layer scale"
                : !vit.PrefixPositions ? "class token without a position"
                : vit.GatedMlp ? "gated MLP without layer scale" : null
            : vit.DistillationToken ? "distillation token with layer scale"
                : vit.PrefixPositions != (vit.RegisterTokens == 0) ? "positions of this form beside register tokens"
                : !vit.GatedMlp && vit.MlpDim % vit.Dim > 0 ? "MLP that is not a multiple of dim wide"
                : OfGate(vit))
        ?? (HuggingFaceModel.Activations.ContainsKey(vit.Activation) ? null : $"activation '{Word(vit.Activation)}'");

    private static string? OfDinoV2(VisionTransformerConfig vit) => OfClassToken(vit)
        ?? (vit.DistillationToken ? "distillation token"
        : vit.PrefixPositions != (vit.RegisterTokens == 0) ? "positions of this form beside register tokens"
        : !vit.GatedMlp && vit.Activation != UnaryOperator.Gelu ? $"activation '{Word(vit.Activation)}'"
        : vit.NormEpsilon != UsualEpsilon ? Epsilon(vit)
        : OfGate(vit));

    private static string? OfClassToken(VisionTransformerConfig vit) =>
        vit.Pooling != Pooling.ClassToken ? $"pooling '{Word(vit.Pooling)}'"
        : vit.Position == PositionKind.None ? "model without positions"
        : null;

    /// <summary>SwiGLU there is two thirds of 4 dim wide, rounded up to a multiple of 8.</summary>
    private static string? OfGate(VisionTransformerConfig vit) =>
        vit.GatedMlp && vit.MlpDim != (4 * vit.Dim * 2 / 3 + 7) / 8 * 8 ? $"gated MLP of {vit.MlpDim}" : null;

    private static string? OfResNet(WeightNames names, ResNetConfig resnet) =>
        names == WeightNames.Dinov2 ? "residual network"
        : resnet.SmallStem ? "stem for small images"
        : resnet.Layers.Count != 4 ? $"residual network of {resnet.Layers.Count} stages"
        : resnet.NormEpsilon != 1e-5f ? $"batch norm with an epsilon of {Text(resnet.NormEpsilon)}"
        : names == WeightNames.Huggingface ? null
        : !resnet.Widths.SequenceEqual([64, 128, 256, 512]) ? "stages of these widths"
        : names == WeightNames.Torchvision && resnet.Channels != 3 ? Channels(resnet)
        : null;

    /// <summary>Options that none of the others looked at have to be those of a plain model: a new one is refused until
    /// it is known what it becomes.</summary>
    private static string? Rest(VisionTransformerConfig vit) => vit == new VisionTransformerConfig
    {
        ImageSize = vit.ImageSize,
        Channels = vit.Channels,
        Classes = vit.Classes,
        PatchSize = vit.PatchSize,
        Dim = vit.Dim,
        Depth = vit.Depth,
        Heads = vit.Heads,
        HeadDim = vit.HeadDim,
        MlpDim = vit.MlpDim,
        GatedMlp = vit.GatedMlp,
        QkvBias = vit.QkvBias,
        Activation = vit.Activation,
        NormEpsilon = vit.NormEpsilon,
        ClassToken = vit.ClassToken,
        DistillationToken = vit.DistillationToken,
        RegisterTokens = vit.RegisterTokens,
        PrefixPositions = vit.PrefixPositions,
        Pooling = vit.Pooling,
        Position = vit.Position,
        LayerScale = vit.LayerScale,
        Attention = vit.Attention,
        // of the training alone
        PositionStd = vit.PositionStd,
        WeightInit = vit.WeightInit,
        Dropout = vit.Dropout,
        AttentionDropout = vit.AttentionDropout,
        PositionDropout = vit.PositionDropout,
        HeadDropout = vit.HeadDropout,
        DropPath = vit.DropPath,
    } ? null : "counterpart of all options of this model";

    private static string Epsilon(VisionTransformerConfig vit) =>
        $"layer norm with an epsilon of {Text(vit.NormEpsilon)}";

    private static string Channels(ModelConfig config) =>
        $"model for images of {config.Channels} channel{(config.Channels == 1 ? "" : "s")}";

    private static string Text(float number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
