using System.Collections;
using System.Runtime.CompilerServices;

namespace Fovea.Tensors;

/// <summary>The sizes of a tensor's axes, slowest first, e.g. <c>[batch, token, dim]</c>; <c>[]</c> is a
/// scalar.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>, IEnumerable<int>
{
    private readonly int[]? _sizes;

    private Shape(int[] sizes)
    {
        long count = 1;
        foreach (int size in sizes)
        {
            if (size < 0)
                throw new ShapeException($"Shape: sizes must not be negative, got [{string.Join(", ", sizes)}].");
            count *= size;
            if (count > int.MaxValue)
                throw TooLarge(sizes);
        }

        _sizes = sizes;
        Elements = (int)count;
        Filled = true;
    }

    private static UsageException TooLarge(int[] sizes) => new(
        $"a tensor of [{string.Join(", ", sizes)}] has more elements than the 2,147,483,647 that one can have.")
    {
        Remedy = "A smaller `batch-size` or `image-size`, a larger `patch-size`, or `grad-accum` lowers it.",
    };

    /// <summary>Builds a shape from its sizes; this is what <c>Shape s = [2, 3];</c> calls.</summary>
    public static Shape Create(ReadOnlySpan<int> sizes) => new(sizes.ToArray());

    /// <summary>Number of axes.</summary>
    public int Rank => Sizes.Length;

    /// <summary>Number of elements; 1 for a scalar. No <c>Count</c>: <c>[.. shape]</c> would take that for the number
    /// of its items.</summary>
    public int Elements => Filled ? field : 1;

    /// <summary>The sizes, slowest first.</summary>
    public ReadOnlySpan<int> Sizes => _sizes;

    /// <summary>Size of one axis; <c>^1</c> is the last.</summary>
    public int this[Index axis] => Sizes[axis];

    private bool Filled { get; }

    /// <summary>Number of rows when the last axis is seen as columns.</summary>
    public int Rows => Rank == 0 ? 1 : Product(Sizes[..^1]);

    /// <summary>Size of the last axis; 1 for a scalar.</summary>
    public int Columns => Rank == 0 ? 1 : Sizes[^1];

    /// <summary>The same shape with one axis of another size.</summary>
    public Shape With(Index axis, int size)
    {
        int[] sizes = Sizes.ToArray();
        sizes[axis] = size;
        return new Shape(sizes);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => Sizes.SequenceEqual(other.Sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int size in Sizes) hash.Add(size);
        return hash.ToHashCode();
    }

    /// <summary>Equal sizes.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Different sizes.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>For example <c>[32, 197, 192]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _sizes ?? [])}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)(_sizes ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static int Product(ReadOnlySpan<int> sizes)
    {
        int product = 1;
        foreach (int size in sizes) product *= size;
        return product;
    }
}
