using Fovea.Core.Options;

namespace Fovea.Vision.Attention.Disentangled;

/// <summary>Parts of a <see cref="DisentangledAttention"/>.</summary>
public sealed record DisentangledOptions
{
    private static readonly DisentangledOptions Standard = new();

    private static readonly Option<int> AxisCount = Option.Of(
        "axes", ValueForm.Whole(), Standard.Axes,
        "2: offsets of rows and columns; 1: offsets in the token sequence, as DeBERTa");

    private static readonly Option<int?> SpanSize =
        Option.Maybe("span", ValueForm.Whole(1, 4096), "buckets to each side of an axis",
            $"{Standard.Span} on two axes, 32 on one");

    private static readonly Option<int?> FarthestOffset =
        Option.Maybe("farthest", ValueForm.Whole(1, 1_000_000), "offset of the last of logarithmic buckets",
            "none, offsets are clipped");

    private static readonly Option<string> TermNames =
        Option.Of("terms", ValueForm.Text("TERM/..."), "c2p/p2c", "position terms, of c2p, p2c and p2p");

    private static readonly Option<bool> IsShared = Option.Of(
        "shared", ValueForm.Flag(), Standard.Shared,
        "positions go through the content's projections, not through their own");

    private static readonly Option<bool> ClassToken = Option.Of(
        "cls", ValueForm.Choice(("explicit", false), ("sequence", true)), Standard.ClassInSequence,
        "on one axis, the class token has buckets of its own or is part of the sequence");

    /// <summary>The options of a mechanism with such scores.</summary>
    internal static IReadOnlyList<Option> All { get; } = [AxisCount, SpanSize, FarthestOffset, TermNames, IsShared,
        ClassToken];

    /// <summary>1: along the token sequence; 2: rows and columns of the grid.</summary>
    public int Axes { get; init; } = 2;

    /// <summary>Buckets to each side of an axis.</summary>
    public int Span { get; init; } = 4;

    /// <summary>Offset of the last logarithmic bucket; null: clipped at the span.</summary>
    public int? Farthest { get; init; }

    /// <summary>q_i · pk_r.</summary>
    public bool ContentToPosition { get; init; } = true;

    /// <summary>k_j · pq_r.</summary>
    public bool PositionToContent { get; init; } = true;

    /// <summary>pq_r · pk_r.</summary>
    public bool PositionToPosition { get; init; }

    /// <summary>Positions go through the content's projections.</summary>
    public bool Shared { get; init; } = true;

    /// <summary>On one axis: the class token is the sequence's first token rather than apart.</summary>
    public bool ClassInSequence { get; init; }

    internal int Terms => (ContentToPosition ? 1 : 0) + (PositionToContent ? 1 : 0) + (PositionToPosition ? 1 : 0);

    /// <summary>Reads a mechanism's options.</summary>
    /// <exception cref="UsageException">One is out of range.</exception>
    internal static DisentangledOptions From(OptionValues values)
    {
        string[] terms = values.Of(TermNames).Split('/');
        foreach (string term in terms)
            Check.That(term is "c2p" or "p2c" or "p2p",
                $"{values.Owner}: option 'terms' takes c2p, p2c and p2p, separated by slashes, got '{term}'.");
        int axes = values.Of(AxisCount);
        DisentangledOptions options = new()
        {
            Axes = axes,
            Span = values.Of(SpanSize) ?? (axes == 2 ? Standard.Span : 32),
            Farthest = values.Of(FarthestOffset),
            ContentToPosition = terms.Contains("c2p"),
            PositionToContent = terms.Contains("p2c"),
            PositionToPosition = terms.Contains("p2p"),
            Shared = values.Of(IsShared),
            ClassInSequence = values.Of(ClassToken),
        };
        options.Validate();
        return options;
    }

    internal void Validate()
    {
        Check.That(Axes is 1 or 2, $"disentangled: option 'axes' must be 1 or 2, got {Axes}.");
        Check.That(Span is >= 1 and <= 4096, $"disentangled: option 'span' must be 1 to 4096, got {Span}.");
        Check.That(Farthest is null || (Span >= 4 && Farthest > Span),
            $"disentangled: option 'farthest' must be above a span of at least 4, got {Farthest} with span {Span}.");
    }
}
