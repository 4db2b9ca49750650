using System.Collections.Immutable;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention;

/// <summary>The attention mechanisms by name. One line makes a mechanism appear in listings, recipes and the tests over
/// all mechanisms.</summary>
public static class AttentionCatalogue
{
    private static ImmutableList<AttentionEntry> _all =
    [
        SoftmaxAttention.Entry,
        SigmoidAttention.Entry,
        DifferentialAttention.Entry,
        SinkhornAttention.Entry,
        DisentangledAttention.Entry,
        LinearAttention.Entry,
        PerformerAttention.Entry,
        NeighborhoodAttention.Entry,
        SwinAttention.Entry,
        DeformableAttention.Entry,
        DatAttention.Entry,
        NystromAttention.Entry,
        LinformerAttention.Entry,
        FocusedAttention.Entry,
        AgentAttention.Entry,
        DeltaAttention.Entry,
        GaussianAttention.Entry,
    ];

    /// <summary>All mechanisms.</summary>
    public static IReadOnlyList<AttentionEntry> All => _all;

    /// <summary>Makes a mechanism of another assembly known to this process, so that configurations, recipes and
    /// checkpoints may name it.</summary>
    /// <exception cref="UsageException">The name is taken, or cannot be written in a spec.</exception>
    public static void Add(AttentionEntry entry)
    {
        Check.That(
            entry.Name.Length > 0 && entry.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'),
            $"attention '{entry.Name}': a name is made of letters, digits, '-' and '_'.");
        ImmutableInterlocked.Update(ref _all, all =>
        {
            Check.That(all.All(known => known.Name != entry.Name),
                $"attention '{entry.Name}': there is one of this name already.");
            return all.Add(entry);
        });
    }

    /// <summary>Builds a mechanism.</summary>
    /// <param name="spec">Name and options, e.g. <c>softmax</c> or <c>softmax:scale=0.1</c>.</param>
    /// <param name="context">Sizes.</param>
    /// <exception cref="UsageException">An option is out of range, or does not fit the sizes.</exception>
    public static IAttention Create(AttentionSpec spec, AttentionContext context) =>
        spec.Part.Create(spec.Values, context);
}
