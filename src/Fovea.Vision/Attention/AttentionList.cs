namespace Fovea.Vision.Attention;

/// <summary>
/// The mechanism of each block, first to last, in the compact form <c>softmax,softmax,linear</c>; the last one is that
/// of all further blocks, so that a single name means that mechanism everywhere. Options go with their mechanism:
/// <c>sinkhorn:iterations=5,softmax</c>.
/// </summary>
public sealed class AttentionList : IEquatable<AttentionList>
{
    private AttentionList(IReadOnlyList<AttentionSpec> specs) => Specs = specs;

    /// <summary>As written: one per block, the last for the rest.</summary>
    public IReadOnlyList<AttentionSpec> Specs { get; }

    /// <summary>Reads the compact form.</summary>
    /// <exception cref="UsageException">The text is not of that form, or there is no such mechanism or option; the
    /// message has the nearest.</exception>
    public static AttentionList Parse(string text)
    {
        List<string> specs = [];
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal),
                colon = part.IndexOf(':', StringComparison.Ordinal);
            bool isOption = equals >= 0 && (colon < 0 || equals < colon);
            if (isOption && specs.Count > 0) specs[^1] += $",{part}";
            else specs.Add(part);
        }

        return new([.. specs.Select(spec => new AttentionSpec(spec))]);
    }

    /// <summary>The same as <see cref="Parse"/>.</summary>
    public static implicit operator AttentionList(string text) => Parse(text);

    /// <summary>The mechanism of a block, from 0.</summary>
    public AttentionSpec Of(int block) => Specs[Math.Min(block, Specs.Count - 1)];

    /// <summary>The mechanisms of some blocks, as a list of their own.</summary>
    /// <param name="first">The first block, from 0.</param>
    /// <param name="count">How many.</param>
    internal AttentionList Part(int first, int count)
    {
        int given = Math.Clamp(Specs.Count - first, 1, count);
        return new([.. Enumerable.Range(first, given).Select(Of)]);
    }

    /// <summary>The canonical text.</summary>
    public override string ToString() => string.Join(',', Specs);

    /// <inheritdoc/>
    public bool Equals(AttentionList? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AttentionList);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
