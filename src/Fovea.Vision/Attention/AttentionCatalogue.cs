using System.Collections.Immutable;
using Fovea.Nn;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Disentangled;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Attention.Windows;

namespace Fovea.Vision.Attention;

/// <summary>The attention mechanisms by name. One entry makes a mechanism appear in listings, recipes and the tests over all mechanisms.</summary>
public static class AttentionCatalogue
{
    private static ImmutableList<AttentionEntry> _all =
    [
        new("softmax", "Scaled dot-product attention, exact; quadratic in the number of tokens.",
            new Dictionary<string, string>(Locality.Options) { ["scale"] = "factor of q·k; default 1/√headDim" },
            (spec, context) => new SoftmaxAttention(context, (float)spec.Number("scale", 1 / Math.Sqrt(context.HeadDim)), Locality.From(spec, context))),
        new("sinkhorn", "Doubly stochastic attention: rows and columns are normalised in turns; quadratic.",
            new Dictionary<string, string>(Locality.Options) { ["iterations"] = "normalisations, odd; default 5", ["epsilon"] = "temperature; default 1" },
            (spec, context) => new SinkhornAttention(context, spec.Integer("iterations", 5), spec.Number("epsilon", 1), Locality.From(spec, context)), "iterations"),
        new("disentangled", "Content and relative position attend to each other (DeBERTa), on the grid or along the sequence; quadratic, or linear with mix=performer.",
            new Dictionary<string, string>([.. Locality.Options, .. DisentangledOptions.Documentation, .. PerformerOptions.Documentation])
            {
                ["mix"] = "softmax (default), or performer: random features, linear in the number of tokens",
            },
            (spec, context) => new DisentangledAttention(context, DisentangledOptions.From(spec), Locality.From(spec, context), PerformerOptions.OfMix(spec, context))),
        new("linear", "Linear attention with the features elu(x) + 1; linear in the number of tokens.",
            new Dictionary<string, string>
            {
                ["scale"] = "factor of q before the features; default 1",
                ["eps"] = "added to the normaliser, at least 0; default 0",
            },
            (spec, context) => new LinearAttention(context, (float)spec.Number("scale", 1), (float)spec.Number("eps", 0))),
        new("performer", "Softmax attention approximated by random features (FAVOR+); linear in the number of tokens.",
            new Dictionary<string, string>([.. Locality.Options, .. PerformerOptions.Documentation])
            {
                ["kernel"] = "softmax or relu; default softmax",
                ["scale"] = "factor of q·k, above 0; default 1/√headDim for softmax, 1 for relu",
            },
            (spec, context) => new PerformerAttention(context, PerformerOptions.Parse(spec, context), Locality.From(spec, context)), "features"),
        new("deformable", "Deformable attention: each token reads a few places of its own choice; linear in the number of tokens.",
            new Dictionary<string, string>
            {
                ["points"] = "places per token, head and level; default 4",
                ["levels"] = "grids to read, each half as fine as the one before; default 1",
            },
            (spec, context) => new DeformableAttention(context, spec.Integer("points", 4), spec.Integer("levels", 1))),
        new("dat", "DAT: softmax attention over keys and values read at places that the queries choose together.",
            new Dictionary<string, string>(PerformerOptions.Documentation)
            {
                ["groups"] = "groups of heads with places of their own; divide the heads, default 1",
                ["stride"] = "patches from one place to the next before they move; default 2",
                ["range"] = "farthest that a place moves, in distances of places; default 1",
                ["kernel"] = "side of the offset network's convolution, patches, odd; default 5",
                ["mix"] = "how queries mix the values read: softmax (default), or performer: random features",
            },
            (spec, context) => new DatAttention(context, spec.Integer("groups", 1), spec.Integer("stride", 2),
                (float)spec.Number("range", 1), spec.Integer("kernel", 5), PerformerOptions.OfMix(spec, context))),
    ];

    /// <summary>All mechanisms.</summary>
    public static IReadOnlyList<AttentionEntry> All => _all;

    /// <summary>Makes a mechanism of another assembly known to this process, so that configurations, recipes and checkpoints may name it.</summary>
    /// <exception cref="UsageException">The name is taken, or cannot be written in a spec.</exception>
    public static void Add(AttentionEntry entry)
    {
        Check.That(
            entry.Name.Length > 0 && entry.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'),
            $"attention '{entry.Name}': a name is made of letters, digits, '-' and '_'.");
        ImmutableInterlocked.Update(ref _all, all =>
        {
            Check.That(all.All(known => known.Name != entry.Name), $"attention '{entry.Name}': there is one of this name already.");
            return all.Add(entry);
        });
    }

    /// <summary>The entry that a spec names.</summary>
    /// <exception cref="UsageException">No such mechanism or option; the message has the nearest name and all there are.</exception>
    public static AttentionEntry Find(Spec spec)
    {
        AttentionEntry entry = All.FirstOrDefault(entry => entry.Name == spec.Name)
            ?? throw new UsageException(NearestName.Message("attention", spec.Name, [.. All.Select(entry => entry.Name)]));
        spec.WithMain(entry.Main).RequireKnown([.. entry.Options.Keys]);
        return entry;
    }

    /// <summary>Builds a mechanism.</summary>
    /// <param name="spec">Name and options, e.g. <c>softmax</c> or <c>softmax:scale=0.1</c>.</param>
    /// <param name="context">Sizes.</param>
    /// <exception cref="UsageException">No such mechanism or option, or an option out of range.</exception>
    public static IAttention Create(Spec spec, AttentionContext context)
    {
        AttentionEntry entry = Find(spec);
        return entry.Create(spec.WithMain(entry.Main), context);
    }
}
