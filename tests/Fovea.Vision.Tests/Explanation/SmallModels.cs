using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Explanation;

/// <summary>Small transformers to explain: images of 8 x 12, patches of 4.</summary>
internal static class SmallModels
{
    public static VisionTransformerConfig Config { get; } = new()
    {
        ImageSize = 8,
        PatchSize = 4,
        Dim = 8,
        Depth = 2,
        Heads = 2,
        MlpDim = 6,
        Classes = 3,
    };

    /// <summary>Prefix tokens and poolings that change what the head reads.</summary>
    public static IReadOnlyDictionary<string, VisionTransformerConfig> Readers
    {
        get;
    } = new Dictionary<string, VisionTransformerConfig>
    {
        ["class"] = Config,
        ["registers"] = Config with { RegisterTokens = 3, PrefixPositions = false },
        ["distilled"] = Config with { DistillationToken = true },
        ["mean"] = Config with { ClassToken = false, Pooling = Pooling.Mean },
        ["mean beside a class token"] = Config with { Pooling = Pooling.Mean },
        ["sequence"] = Config with { ClassToken = false, Pooling = Pooling.Sequence },
    };

    /// <summary>In evaluation mode, with noise on the first values: zeros would hide the gradients behind
    /// them.</summary>
    public static VisionTransformer Build(VisionTransformerConfig config, Device device)
    {
        VisionTransformer model = config.Build();
        model.Initialize(device, 5);
        model.Train(false);
        foreach ((int i, (_, Parameter parameter)) in model.NamedParameters().Index())
            parameter.Value.CopyFrom(Ops.Add(parameter, TestTensors.Normal(parameter.Shape, device, 10 + (ulong)i, 0.2))
                .ToArray());
        return model;
    }

    public static Tensor Image(Device device) => TestTensors.Normal([1, 3, 8, 12], device, 1);
}
