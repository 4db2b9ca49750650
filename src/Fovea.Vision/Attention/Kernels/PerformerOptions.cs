using Fovea.Core.Options;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention.Kernels;

/// <summary>Settings of the features that a <see cref="PerformerAttention"/> draws and uses.</summary>
public sealed record PerformerOptions
{
    internal static readonly Option<int?> FeatureCount =
        Option.Maybe("features", ValueForm.Whole(1, 65_536), "random features per head",
            "headDim · ln headDim, at least headDim");

    private static readonly Option<int> Redraw =
        Option.Of("redraw", ValueForm.Whole(0), 0, "training steps between new draws of the features, 0: never");

    private static readonly Option<double?> Epsilon =
        Option.Maybe("eps", ValueForm.Real(Interval.AtLeast(0)), "added to every feature", "1e-6, for relu 1e-3");

    private static readonly Option<bool> Mix = Option.Of(
        "mix", ValueForm.Choice(("softmax", false), ("performer", true)) with { Noun = "softmax or performer" }, false,
        "how values are mixed; performer: by random features, linear in the number of tokens");

    /// <summary>Options of everything with random features.</summary>
    internal static IReadOnlyList<Option> All { get; } = [FeatureCount, Redraw, Epsilon];

    /// <summary>Options of a mechanism that may mix by random features.</summary>
    internal static IReadOnlyList<Option> WithMix { get; } = [.. All, Mix];

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
    /// The number of features used where none is given: headDim · ln headDim, the order that suffices for a uniform
    /// approximation (Choromanski et al. 2021, theorem 4) and their code's choice, and not below headDim.
    /// </summary>
    public static int DefaultFeatures(int headDim) => Math.Max(headDim, (int)Math.Round(headDim * Math.Log(headDim)));

    /// <summary>The options of a mechanism.</summary>
    /// <param name="values">Features, redraw and ε.</param>
    /// <param name="context">Sizes.</param>
    /// <param name="kernel">What the features stand for.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim for softmax, 1 for relu.</param>
    /// <exception cref="UsageException">The scale is not above 0.</exception>
    internal static PerformerOptions From(OptionValues values, AttentionContext context, FeatureKernel kernel,
        double? scale = null)
    {
        bool softmax = kernel == FeatureKernel.Softmax;
        double factor = scale ?? (softmax ? 1 / Math.Sqrt(context.HeadDim) : 1);
        Check.That(factor > 0, $"{values.Owner}: option 'scale' must be above 0, got {factor}.");
        return new PerformerOptions
        {
            Features = values.Of(FeatureCount) ?? DefaultFeatures(context.HeadDim),
            Kernel = kernel,
            Scale = (float)factor,
            Stabilizer = (float)(values.Of(Epsilon) ?? (softmax ? 1e-6 : 1e-3)),
            RedrawEvery = values.Of(Redraw),
        };
    }

    /// <summary>The options of a mechanism with <c>mix=softmax|performer</c>; null: softmax.</summary>
    /// <exception cref="UsageException">An option needs <c>mix=performer</c>.</exception>
    internal static PerformerOptions? OfMix(OptionValues values, AttentionContext context)
    {
        if (values.Of(Mix)) return From(values, context, FeatureKernel.Softmax);
        foreach (Option option in All)
            Check.That(!values.Has(option), $"{values.Owner}: option '{option.Name}' needs 'mix=performer'.");
        return null;
    }
}
