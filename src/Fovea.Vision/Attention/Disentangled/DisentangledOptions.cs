using Fovea.Nn;

namespace Fovea.Vision.Attention.Disentangled;

/// <summary>What a <see cref="DisentangledAttention"/> is made of.</summary>
public sealed record DisentangledOptions
{
    /// <summary>Option names with what they mean.</summary>
    public static IReadOnlyDictionary<string, string> Documentation { get; } = new Dictionary<string, string>
    {
        ["axes"] = "2: offsets of rows and columns (default); 1: offsets in the token sequence, as DeBERTa",
        ["span"] = "buckets to each side of an axis; default 4 on two axes, 32 on one",
        ["farthest"] = "offset of the last of logarithmic buckets; default none, offsets are clipped",
        ["terms"] = "position terms; default c2p/p2c, also p2p",
        ["shared"] = "positions go through the content's projections (default true), or through their own",
        ["cls"] = "on one axis, the class token has buckets of its own ('explicit', default) or is part of the 'sequence'",
    };

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
    /// <exception cref="UsageException">One cannot be read or is out of range.</exception>
    public static DisentangledOptions From(Spec spec)
    {
        string[] terms = spec.Options.GetValueOrDefault("terms", "c2p/p2c").Split('/');
        foreach (string term in terms)
            Check.That(term is "c2p" or "p2c" or "p2p", $"{spec.Name}: option 'terms' takes c2p, p2c and p2p, separated by slashes, got '{term}'.");
        int axes = spec.Integer("axes", 2);
        DisentangledOptions options = new()
        {
            Axes = axes,
            Span = spec.Integer("span", axes == 2 ? 4 : 32),
            Farthest = spec.Options.ContainsKey("farthest") ? spec.Integer("farthest", 0) : null,
            ContentToPosition = terms.Contains("c2p"),
            PositionToContent = terms.Contains("p2c"),
            PositionToPosition = terms.Contains("p2p"),
            Shared = spec.Flag("shared", true),
            ClassInSequence = spec.Choice("cls", "explicit", "sequence") == "sequence",
        };
        options.Validate();
        return options;
    }

    internal void Validate()
    {
        Check.That(Axes is 1 or 2, $"disentangled: option 'axes' must be 1 or 2, got {Axes}.");
        Check.That(Span is >= 1 and <= 4096, $"disentangled: option 'span' must be 1 to 4096, got {Span}.");
        Check.That(Farthest is null || (Span >= 4 && Farthest > Span), $"disentangled: option 'farthest' must be above a span of at least 4, got {Farthest} with span {Span}.");
    }
}
