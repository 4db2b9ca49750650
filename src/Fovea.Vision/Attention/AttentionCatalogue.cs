using Fovea.Nn;

namespace Fovea.Vision.Attention;

/// <summary>The attention mechanisms by name. One entry makes a mechanism appear in listings, recipes and the tests over all mechanisms.</summary>
public static class AttentionCatalogue
{
    /// <summary>All mechanisms.</summary>
    public static IReadOnlyList<AttentionEntry> All { get; } =
    [
        new("softmax", "Scaled dot-product attention, exact; quadratic in the number of tokens.",
            new Dictionary<string, string> { ["scale"] = "factor of q·k; default 1/√headDim" },
            (spec, context) => new SoftmaxAttention(context, (float)spec.Number("scale", 1 / Math.Sqrt(context.HeadDim)))),
        new("linear", "Linear attention with the features elu(x) + 1; linear in the number of tokens.",
            new Dictionary<string, string>
            {
                ["scale"] = "factor of q before the features; default 1",
                ["eps"] = "added to the normaliser, at least 0; default 0",
            },
            (spec, context) => new LinearAttention(context, (float)spec.Number("scale", 1), (float)spec.Number("eps", 0))),
        new("performer", "Softmax attention approximated by random features (FAVOR+); linear in the number of tokens.",
            new Dictionary<string, string>
            {
                ["features"] = "random features per head, 1 or more; default headDim · ln headDim, at least headDim",
                ["kernel"] = "softmax or relu; default softmax",
                ["scale"] = "factor of q·k, above 0; default 1/√headDim for softmax, 1 for relu",
                ["eps"] = "added to every feature, at least 0; default 1e-6 for softmax, 1e-3 for relu",
                ["redraw"] = "training steps between new draws of the features; default 0: never",
            },
            (spec, context) => new PerformerAttention(context, PerformerOptions.Parse(spec, context))),
    ];

    /// <summary>The entry that a spec names.</summary>
    /// <exception cref="ConfigurationException">No such mechanism or option; the message has the nearest name and all there are.</exception>
    public static AttentionEntry Find(Spec spec)
    {
        AttentionEntry entry = All.FirstOrDefault(entry => entry.Name == spec.Name)
            ?? throw new ConfigurationException(NearestName.Message("attention", spec.Name, [.. All.Select(entry => entry.Name)]));
        spec.RequireKnown([.. entry.Options.Keys]);
        return entry;
    }

    /// <summary>Builds a mechanism.</summary>
    /// <param name="spec">Name and options, e.g. <c>softmax</c> or <c>softmax:scale=0.1</c>.</param>
    /// <param name="context">Sizes.</param>
    /// <exception cref="ConfigurationException">No such mechanism or option, or an option out of range.</exception>
    public static IAttention Create(Spec spec, AttentionContext context) => Find(spec).Create(spec, context);
}
