using System.Globalization;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;

namespace Fovea.Export.Names;

/// <summary>The first part of a model that another code base does not have.</summary>
internal static class Obstacle
{
    private const float UsualEpsilon = 1e-6f;

    /// <summary>Part that has no names there, such as <c>attention 'linear'</c>; null: all have.</summary>
    public static string? Of(WeightNames names, ModelConfig config) => config switch
    {
        _ when names == WeightNames.Cvt != config is CvtConfig => "a model of this family",
        CvtConfig cvt => cvt.Channels != 3 ? Channels(cvt) : null,
        VisionTransformerConfig vit when names == WeightNames.Timm && TimmModel.IsEva(vit) => OfEva(vit),
        VisionTransformerConfig vit => (OfAll(names, vit) ?? names switch
        {
            WeightNames.Timm => OfTimm(vit),
            WeightNames.Torchvision => OfTorchvision(vit),
            WeightNames.Huggingface => OfHuggingFace(vit),
            _ => OfDinoV2(vit),
        }) ?? Rest(vit),
        ResNetConfig resnet => OfResNet(names, resnet),
        SwinConfig swin => names == WeightNames.Timm ? OfSwin(swin) : "a Swin Transformer",
        _ => "a model of this family",
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
        throw new UsageException($"{obstacle} cannot be written with the names of {NameOf(names)}.")
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
        WeightNames.Cvt => "Microsoft's CvT",
        _ => names.ToString().ToLowerInvariant(),
    };

    private static string? OfAll(WeightNames names, VisionTransformerConfig vit) =>
        vit.Attention.Specs.FirstOrDefault(spec => spec.ToString() != "softmax") is { } attention
            ? $"attention '{attention}'"
        : vit.Embedding != EmbeddingKind.Patch ? $"embedding '{Word(vit.Embedding)}'"
        : vit.Backbone is not null && names != WeightNames.Timm ? "a residual network before the tokens"
        : vit.Backbone is not null && (vit.BackboneWidth != 64 || vit.DistillationToken)
            ? "a residual network of another width before the tokens"
        : vit.Dim % vit.Heads != 0 || (vit.HeadDim ?? vit.Dim / vit.Heads) * vit.Heads != vit.Dim
            ? "a head that is not dim / heads wide"
        : vit.MlpDim == 0 ? "a block without an MLP"
        : vit.NormedResidual ? "a norm on the residual path"
        : !vit.ProjectionBias ? "an output projection without bias"
        : vit.Pooling is not (Pooling.ClassToken or Pooling.Mean)
            && (vit.Pooling is not (Pooling.Map or Pooling.NormedMean) || names != WeightNames.Timm)
            ? $"pooling '{Word(vit.Pooling)}'"
        : vit is { QkvBias: true, KeyBias: false } ? "a projection to keys without bias beside one with bias"
        : vit.Norm != NormKind.LayerNorm ? $"norm '{Word(vit.Norm)}'"
        : vit.QkNorm ? "norm of queries and keys"
        : vit.AttentionGate != AttentionGate.None ? "a gate behind attention"
        : vit.ParallelBlocks ? "parallel blocks"
        : vit.Position.Kinds.FirstOrDefault(kind => kind is not (PositionKind.None or PositionKind.Learned
            or PositionKind.SinCos1d or PositionKind.SinCos2d), PositionKind.None) is not PositionKind.None and var kind
            ? $"position '{Word(kind)}'"
        : vit.GatedMlp && vit.Activation != UnaryOperator.Silu ? $"a gated MLP with '{Word(vit.Activation)}'"
        : null;

    private static string? OfTimm(VisionTransformerConfig vit) =>
        vit.NormEpsilon != UsualEpsilon ? Epsilon(vit)
        : !vit.GatedMlp && vit.Activation is not (UnaryOperator.Gelu or UnaryOperator.GeluTanh)
            ? $"activation '{Word(vit.Activation)}'"
        : vit.Pooling == Pooling.Map && (vit.GatedMlp || !vit.QkvBias) ? "pooling 'map' beside these parts"
        : vit.DistillationToken && (vit.RegisterTokens > 0 || !vit.PrefixPositions || vit.GatedMlp
            || vit.Position.Has(PositionKind.None)) ? "a distillation token beside these parts"
        : null;

    /// <summary>timm's EVA family, as its DINOv3.</summary>
    private static string? OfEva(VisionTransformerConfig vit)
    {
        VisionTransformerConfig plain = vit with { Position = PositionKind.Learned, KeyBias = true };
        return OfAll(WeightNames.Torchvision, plain)
            ?? (vit.NormEpsilon != 1e-5f ? Epsilon(vit)
            : vit is { QkvBias: true, KeyBias: true } ? "a bias of keys beside position 'rope'"
            : !vit.GatedMlp && vit.Activation != UnaryOperator.Gelu ? $"activation '{Word(vit.Activation)}'"
            : vit.GatedMlp && vit.MlpDim % 8 != 0 ? $"a gated MLP of {vit.MlpDim}"
            : vit.Pooling != Pooling.ClassToken ? $"pooling '{Word(vit.Pooling)}' beside position 'rope'"
            : vit.DistillationToken ? "a distillation token beside position 'rope'"
            : Rest(plain));
    }

    private static string? OfTorchvision(VisionTransformerConfig vit) => OfClassToken(vit)
        ?? (vit.Channels != 3 ? Channels(vit)
        : vit.DistillationToken ? "a distillation token"
        : vit.RegisterTokens > 0 ? "a register token"
        : !vit.PrefixPositions ? "a class token without a position"
        : vit.LayerScale is not null ? "layer scale"
        : vit.GatedMlp ? "a gated MLP"
        : !vit.QkvBias ? "a projection to queries, keys and values without bias"
        : vit.Activation != UnaryOperator.Gelu ? $"activation '{Word(vit.Activation)}'"
        : vit.NormEpsilon != UsualEpsilon ? Epsilon(vit)
        : null);

    private static string? OfHuggingFace(VisionTransformerConfig vit) => OfClassToken(vit)
        ?? (vit.LayerScale is null
            ? vit.RegisterTokens > 0 ? "a register token without layer scale"
                : !vit.PrefixPositions ? "a class token without a position"
                : vit.GatedMlp ? "a gated MLP without layer scale" : null
            : vit.DistillationToken ? "a distillation token with layer scale"
                : vit.PrefixPositions != (vit.RegisterTokens == 0) ? "a position of this form beside register tokens"
                : !vit.GatedMlp && vit.MlpDim % vit.Dim > 0 ? "an MLP that is not a multiple of dim wide"
                : OfGate(vit))
        ?? (HuggingFaceModel.Activations.ContainsKey(vit.Activation) ? null : $"activation '{Word(vit.Activation)}'");

    private static string? OfDinoV2(VisionTransformerConfig vit) => OfClassToken(vit)
        ?? (vit.DistillationToken ? "a distillation token"
        : vit.PrefixPositions != (vit.RegisterTokens == 0) ? "a position of this form beside register tokens"
        : !vit.GatedMlp && vit.Activation != UnaryOperator.Gelu ? $"activation '{Word(vit.Activation)}'"
        : vit.NormEpsilon != UsualEpsilon ? Epsilon(vit)
        : OfGate(vit));

    private static string? OfClassToken(VisionTransformerConfig vit) =>
        vit.Pooling != Pooling.ClassToken ? $"pooling '{Word(vit.Pooling)}'"
        : vit.Position.Has(PositionKind.None) ? "position 'none'"
        : null;

    /// <summary>SwiGLU there is two thirds of 4 dim wide, rounded up to a multiple of 8.</summary>
    private static string? OfGate(VisionTransformerConfig vit) =>
        vit.GatedMlp && vit.MlpDim != (4 * vit.Dim * 2 / 3 + 7) / 8 * 8 ? $"a gated MLP of {vit.MlpDim}" : null;

    private static string? OfResNet(WeightNames names, ResNetConfig resnet) =>
        names == WeightNames.Dinov2 ? "a residual network"
        : resnet.SmallStem ? "a stem for small images"
        : resnet.Layers.Count != 4 ? $"a residual network of {resnet.Layers.Count} stages"
        : resnet.NormEpsilon != 1e-5f ? $"a batch norm with an epsilon of {Text(resnet.NormEpsilon)}"
        : names == WeightNames.Huggingface ? null
        : !resnet.Widths.SequenceEqual([64, 128, 256, 512]) ? "a stage of another width"
        : names == WeightNames.Torchvision && resnet.Channels != 3 ? Channels(resnet)
        : null;

    /// <summary>timm fills up what windows do not divide, and makes a window no larger than the grid.</summary>
    private static string? OfSwin(SwinConfig swin)
    {
        SwinTransformer model = swin.Build();
        SwinAttention?[] windows = [.. model.Stages.Select(stage => stage[0].Attention.Mechanism as SwinAttention)];
        AttentionList attention = swin.FirstStage.Attention;
        if (windows.Any(window => window is null) || attention.Specs.Count > 1
            || attention.ToString().Contains("shift", StringComparison.Ordinal))
            return $"attention '{attention}'";
        int grid = swin.ImageSize / swin.FirstStage.PatchSize;
        foreach (SwinAttention? window in windows)
        {
            if (grid % window!.Window != 0) return $"a window of {window.Window} on a grid of {grid}";
            grid = (grid + 1) / 2;
        }

        VisionTransformerConfig own = swin.FirstStage;
        return own.NormEpsilon != 1e-5f ? Epsilon(own) : own == new VisionTransformerConfig
        {
            ImageSize = own.ImageSize,
            PatchSize = own.PatchSize,
            PositionGrid = own.PositionGrid,
            Dim = own.Dim,
            Depth = own.Depth,
            Heads = own.Heads,
            MlpDim = own.MlpDim,
            QkvBias = own.QkvBias,
            NormEpsilon = own.NormEpsilon,
            ClassToken = false,
            Pooling = Pooling.Mean,
            Position = PositionKind.None,
            Attention = attention,
            PositionStd = own.PositionStd,
            WeightInit = own.WeightInit,
            Dropout = own.Dropout,
            HeadDropout = own.HeadDropout,
            DropPath = own.DropPath,
        } ? null : "an option of this model";
    }

    /// <summary>Options that none of the others looked at have to be those of a plain model: a new one is refused until
    /// it is known what it becomes.</summary>
    private static string? Rest(VisionTransformerConfig vit) => vit == new VisionTransformerConfig
    {
        ImageSize = vit.ImageSize,
        Channels = vit.Channels,
        Classes = vit.Classes,
        PatchSize = vit.PatchSize,
        PositionGrid = vit.PositionGrid,   // the table is written
        Dim = vit.Dim,
        Depth = vit.Depth,
        Heads = vit.Heads,
        HeadDim = vit.HeadDim,
        MlpDim = vit.MlpDim,
        GatedMlp = vit.GatedMlp,
        QkvBias = vit.QkvBias,
        KeyBias = vit.KeyBias,
        Backbone = vit.Backbone,
        BackboneWidth = vit.BackboneWidth,
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
    } ? null : "an option of this model";

    private static string Epsilon(VisionTransformerConfig vit) =>
        $"a layer norm with an epsilon of {Text(vit.NormEpsilon)}";

    private static string Channels(ModelConfig config) =>
        $"a model for images of {config.Channels} channel{(config.Channels == 1 ? "" : "s")}";

    private static string Text(float number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
