namespace Fovea.Vision.Position;

/// <summary>The position kinds of a model in the compact form <c>learned</c> or <c>learned+rope</c>: at most two, of
/// which at most one is added to the tokens.</summary>
public sealed class PositionList : IEquatable<PositionList>
{
    private static readonly (string Name, PositionKind Kind)[] Known =
        [.. Enum.GetValues<PositionKind>().Select(kind => (kind.ToString().ToLowerInvariant(), kind))];

    private PositionList(IReadOnlyList<PositionKind> kinds) => Kinds = kinds;

    /// <summary>Names of the kinds.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(known => known.Name)];

    /// <summary>One or two kinds; that of the tokens first.</summary>
    public IReadOnlyList<PositionKind> Kinds { get; }

    /// <summary>The kind that is added to the tokens; <see cref="PositionKind.None"/>: nothing is.</summary>
    public PositionKind OfTokens => IsOfTokens(Kinds[0]) ? Kinds[0] : PositionKind.None;

    /// <summary>True where the kind that is added to the tokens is not learned.</summary>
    internal bool IsFixed => OfTokens is PositionKind.SinCos1d or PositionKind.SinCos2d;

    /// <summary>True where a kind is among them.</summary>
    public bool Has(PositionKind kind) => Kinds.Contains(kind);

    /// <summary>Reads the compact form.</summary>
    /// <exception cref="UsageException">There is no such kind, or kinds that exclude each other.</exception>
    public static PositionList Parse(string text) => new(Checked([.. text.Split('+').Select(Kind)], text));

    /// <summary>A single kind.</summary>
    public static implicit operator PositionList(PositionKind kind) => new([kind]);

    /// <summary>The same as <see cref="Parse"/>.</summary>
    public static implicit operator PositionList(string text) => Parse(text);

    /// <summary>The canonical text.</summary>
    public override string ToString() =>
        string.Join('+', Kinds.Select(kind => Known.First(known => known.Kind == kind).Name));

    /// <inheritdoc/>
    public bool Equals(PositionList? other) => other is not null && Kinds.SequenceEqual(other.Kinds);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PositionList);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    private static PositionKind Kind(string name)
    {
        string plain = name.Trim().Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        foreach ((string known, PositionKind kind) in Known)
            if (known == plain) return kind;
        throw new UsageException(
            $"'{name}' is not one of {string.Join(", ", Names)}{NearestName.Question(name, Names)}");
    }

    private static PositionKind[] Checked(PositionKind[] kinds, string text)
    {
        Check.That(kinds.Length <= 2, $"'{text}' names {kinds.Length} position kinds; at most two go together.");
        if (kinds is not [var first, var second]) return kinds;
        Check.That(first != second, $"'{text}' names the same position kind twice.");
        Check.That(!kinds.Contains(PositionKind.None), $"'{text}': 'none' stands alone.");
        Check.That(!IsOfTokens(first) || !IsOfTokens(second),
            $"'{text}': both are added to the tokens; take one of them, and beside it rope, ropemixed, relative or "
                + "alibi.");
        Check.That(!kinds.Contains(PositionKind.Rope) || !kinds.Contains(PositionKind.RopeMixed),
            $"'{text}': both rotate queries and keys; 'ropemixed' learns the angles that 'rope' fixes, take one.");
        Check.That(!kinds.Contains(PositionKind.Relative) || !kinds.Contains(PositionKind.Alibi),
            $"'{text}': both are a bias of the scores per offset; 'relative' learns what 'alibi' fixes, take one.");
        return [.. kinds.Order()];
    }

    private static bool IsOfTokens(PositionKind kind) =>
        kind is PositionKind.Learned or PositionKind.SinCos2d or PositionKind.SinCos1d;
}
