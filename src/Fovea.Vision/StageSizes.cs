using System.Collections;
using System.Runtime.CompilerServices;

namespace Fovea.Vision;

/// <summary>A number for each stage of a model, such as its blocks; equal where the numbers are.</summary>
[CollectionBuilder(typeof(StageSizes), nameof(Create))]
public sealed class StageSizes : IReadOnlyList<int>, IEquatable<StageSizes>
{
    private readonly int[] _sizes;

    private StageSizes(int[] sizes) => _sizes = sizes;

    /// <inheritdoc/>
    public int Count => _sizes.Length;

    /// <inheritdoc/>
    public int this[int index] => _sizes[index];

    /// <summary>For collection expressions.</summary>
    public static StageSizes Create(ReadOnlySpan<int> sizes) => new(sizes.ToArray());

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => _sizes.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(StageSizes? other) => other is not null && _sizes.SequenceEqual(other._sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StageSizes);

    /// <inheritdoc/>
    public override int GetHashCode() => _sizes.Aggregate(0, HashCode.Combine);

    /// <summary>For example <c>2, 2, 6, 2</c>.</summary>
    public override string ToString() => string.Join(", ", _sizes);
}
