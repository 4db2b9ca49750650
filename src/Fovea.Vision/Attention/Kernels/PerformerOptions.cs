using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention.Kernels;

/// <summary>How a <see cref="PerformerAttention"/> draws and uses its features.</summary>
public sealed record PerformerOptions
{
    /// <summary>Names of the options that everything with random features takes, with what they mean.</summary>
    public static IReadOnlyDictionary<string, string> Documentation { get; } = new Dictionary<string, string>
    {
        ["features"] = "random features per head, 1 or more; default headDim · ln headDim, at least headDim",
        ["redraw"] = "training steps between new draws of the features; default 0: never",
        ["eps"] = "added to every feature, at least 0; default 1e-6, for relu 1e-3",
    };

    /// <summary>Features per head, 1 or more.</summary>
    public required int Features { get; init; }

    /// <summary>Which kernel they stand for.</summary>
    public FeatureKernel Kernel { get; init; } = FeatureKernel.Softmax;

    /// <summary>Factor of q·k, above 0.</summary>
    public required float Scale { get; init; }

    /// <summary>Added to every feature, at least 0, so that no normaliser vanishes.</summary>
    public required float Stabilizer { get; init; }

    /// <summary>Training steps between new draws; 0: the first one stays.</summary>
    public int RedrawEvery { get; init; }

    /// <summary>
    /// The number of features used where none is given: headDim · ln headDim, the order that suffices for a uniform approximation (Choromanski et al.
    /// 2021, theorem 4) and their code's choice, and not below headDim.
    /// </summary>
    public static int DefaultFeatures(int headDim) => Math.Max(headDim, (int)Math.Round(headDim * Math.Log(headDim)));

    /// <summary>Reads <c>performer:features=...,kernel=...,scale=...,eps=...,redraw=...</c>, all optional.</summary>
    /// <exception cref="UsageException">An option is out of range.</exception>
    public static PerformerOptions Parse(Spec spec, AttentionContext context)
    {
        string kernel = spec.Options.GetValueOrDefault("kernel", "softmax");
        Check.That(kernel is "softmax" or "relu", $"{spec.Name}: option 'kernel' must be softmax or relu, got '{kernel}'.");
        return Parse(spec, context, softmax: kernel == "softmax");
    }

    private static PerformerOptions Parse(Spec spec, AttentionContext context, bool softmax)
    {
        double scale = spec.Number("scale", softmax ? 1 / Math.Sqrt(context.HeadDim) : 1);
        Check.That(scale > 0, $"{spec.Name}: option 'scale' must be above 0, got {scale}.");
        return new PerformerOptions
        {
            Features = Check.AtLeast(1, spec.Integer("features", DefaultFeatures(context.HeadDim)), $"{spec.Name}: features"),
            Kernel = softmax ? FeatureKernel.Softmax : FeatureKernel.Relu,
            Scale = (float)scale,
            Stabilizer = (float)Check.AtLeast(0, spec.Number("eps", softmax ? 1e-6 : 1e-3), $"{spec.Name}: eps"),
            RedrawEvery = Check.AtLeast(0, spec.Integer("redraw", 0), $"{spec.Name}: redraw"),
        };
    }

    /// <summary>Reads the options of a mechanism with <c>mix=softmax|performer</c>; null: softmax.</summary>
    /// <exception cref="UsageException">Another mix, or an option that needs <c>mix=performer</c> or is out of range.</exception>
    public static PerformerOptions? OfMix(Spec spec, AttentionContext context)
    {
        string mix = spec.Options.GetValueOrDefault("mix", "softmax");
        Check.That(mix is "softmax" or "performer", $"{spec.Name}: option 'mix' must be softmax or performer, got '{mix}'.");
        if (mix == "performer") return Parse(spec, context, softmax: true);
        foreach (string key in Documentation.Keys)
            Check.That(!spec.Options.ContainsKey(key), $"{spec.Name}: option '{key}' needs 'mix=performer'.");
        return null;
    }
}
