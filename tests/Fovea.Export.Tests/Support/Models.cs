using Fovea.Nn;
using Fovea.Vision;
using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Export.Tests.Support;

/// <summary>Small models whose every weight matters: nothing is 0 or 1 as after initialisation.</summary>
internal static class Models
{
    public static ImageClassifier Create(ModelConfig config)
    {
        ImageClassifier model = config.Build();
        model.Initialize(Device.Cpu, 1);
        foreach ((string name, NamedTensor tensor) in model.NamedState())
        {
            if (tensor is ModuleBuffer { Drawn: true }) continue;
            Philox random = Philox.For(7, name);
            bool isVariance = name.EndsWith("running_var", StringComparison.Ordinal),
                isScale = name.EndsWith("norm.weight", StringComparison.Ordinal) || name.Contains("bn")
                    || name.Contains("norm1.weight") || name.Contains("norm2.weight") || name.Contains("downsample.1");
            float[] values = tensor.Value.ToArray();
            float width = tensor.Shape.Rank > 1 ? 1 / MathF.Sqrt(tensor.Shape.Elements / tensor.Shape[0]) : 0.3f;
            for (int i = 0; i < values.Length; i++)
            {
                float draw = 2 * (float)random.Uniform((ulong)i) - 1;
                values[i] = isVariance ? 1 + 0.5f * draw : isScale ? 1 + 0.3f * draw
                    : 0.5f * values[i] + 1.5f * width * draw;
            }

            tensor.Value.CopyFrom(values);
        }

        model.Train(false);
        return model;
    }

    /// <summary>A Vision Transformer of two blocks on 24 pixels with a mechanism.</summary>
    public static VisionTransformerConfig WithAttention(string attention) => new()
    {
        ImageSize = 24,
        PatchSize = 6,
        Dim = 24,
        Depth = 2,
        Heads = 2,
        Classes = 10,
        Attention = attention,
    };

    /// <summary>A Vision Transformer to choose parts of.</summary>
    public static VisionTransformerConfig Chosen => WithAttention("softmax") with { Dim = 32, Heads = 4 };

    /// <summary>Most parts at once.</summary>
    public static VisionTransformerConfig Everything(string attention, string position, Pooling pooling) =>
        Chosen with
        {
            Attention = attention,
            Position = position,
            Pooling = pooling,
            Norm = NormKind.RmsNorm,
            QkNorm = true,
            GatedMlp = true,
            ParallelBlocks = true,
            LayerScale = 0.1f,
            RegisterTokens = 2,
        };

    /// <summary>A preset with everything that makes it what it is, but few and small blocks.</summary>
    public static ModelConfig Shrunk(ModelConfig config) => config switch
    {
        VisionTransformerConfig vit => vit with
        {
            ImageSize = 4 * vit.PatchSize,
            Dim = 24,
            Depth = Math.Max(2, Math.Min(vit.Attention.Specs.Count, vit.Depth)),
            Heads = 2,
            HeadDim = vit.HeadDim is null ? null : 8,
            BackboneWidth = vit.Backbone is null ? vit.BackboneWidth : 4,
            MlpDim = vit.MlpDim is null or 0 ? vit.MlpDim : 40,
            Classes = 10,
        },
        SwinConfig swin => swin with
        {
            ImageSize = 4 * swin.FirstStage.PatchSize,
            FirstStage = swin.FirstStage with { Dim = 12, Heads = 2, Attention = "swin:2" },
            Depths = [2, 2],
            Classes = 10,
        },
        CvtConfig cvt => cvt with
        {
            ImageSize = 48,
            Dims = [8, 12, 16],
            Heads = [1, 1, 2],
            Depths = [1, 1, 2],
            Classes = 10,
        },
        ResNetConfig resnet => resnet with
        {
            ImageSize = 40,
            Layers = [1, 1, 1, 1],
            Widths = [8, 12, 16, 20],
            Classes = 10,
        },
        _ => config,
    };

    /// <summary>Normalised images, <c>[batch, channel, size, size]</c>.</summary>
    public static float[] Images(ModelConfig config, int batch, int? size = null)
    {
        int side = size ?? config.ImageSize;
        Philox random = Philox.For(3, "images");
        float[] images = new float[batch * config.Channels * side * side];
        for (int i = 0; i < images.Length; i++) images[i] = 4 * (float)random.Uniform((ulong)i) - 2;
        return images;
    }

    /// <summary>Scores on the CPU.</summary>
    public static float[] Scores(ImageClassifier model, float[] images, int batch, int? size = null)
    {
        using StepScope scope = StepScope.Begin();
        int side = size ?? model.Config.ImageSize;
        return model.Forward(Tensor.From(images, [batch, model.Config.Channels, side, side], Device.Cpu)).ToArray();
    }
}
