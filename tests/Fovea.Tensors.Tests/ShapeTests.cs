using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Tensors.Tests;

public sealed class ShapeTests
{
    /// <summary>Up to five axes of 0 to 4.</summary>
    internal static Arbitrary<int[]> Sizes { get; } =
        Gen.Choose(0, 5).SelectMany(rank => Gen.Choose(0, 4).ArrayOf(rank)).ToArbitrary();

    [Fact]
    public void Count_is_the_product_of_the_sizes() =>
        Prop.ForAll(Sizes, sizes => Shape.Create(sizes).Elements == sizes.Aggregate(1,
            (product, size) => product * size))
            .Hold();

    [Fact]
    public void Rows_times_columns_are_all_elements() =>
        Prop.ForAll(Sizes, sizes => Shape.Create(sizes) is var shape && shape.Rows * shape.Columns == shape.Elements)
            .Hold();

    [Fact]
    public void Equality_is_that_of_the_sizes() =>
        Prop.ForAll(Sizes, Sizes, (a, b) =>
        {
            Shape left = Shape.Create(a), right = Shape.Create(b);
            bool equal = a.SequenceEqual(b);
            return (left == right) == equal && (left != right) == !equal && left.Equals((object)right) == equal
                && (!equal || left.GetHashCode() == right.GetHashCode()) && left == Shape.Create((int[])a.Clone());
        }).Hold();

    [Fact]
    public void With_changes_one_axis() =>
        Prop.ForAll(Sizes, Gen.Choose(0, 4).ToArbitrary(), Gen.Choose(0, 9).ToArbitrary(), (sizes, axis, size) =>
        {
            if (axis >= sizes.Length) return true;
            Shape changed = Shape.Create(sizes).With(axis, size);
            return changed.Rank == sizes.Length && changed[axis] == size
                && changed.Where((_, i) => i != axis).SequenceEqual(sizes.Where((_, i) => i != axis));
        }).Hold();

    [Fact]
    public void A_shape_does_not_follow_the_array_it_was_made_from()
    {
        int[] sizes = [2, 3];
        Shape shape = Shape.Create(sizes);
        sizes[0] = 9;
        Assert.Equal(2, shape[0]);
    }

    [Fact]
    public void The_default_is_a_scalar()
    {
        Shape scalar = default;
        Assert.Equal((0, 1, 1, 1), (scalar.Rank, scalar.Elements, scalar.Rows, scalar.Columns));
        Assert.Equal([], scalar);
        Assert.Equal("[]", scalar.ToString());
    }

    [Fact]
    public void Impossible_sizes_are_refused()
    {
        Assert.Equal("Shape: sizes must not be negative, got [2, -1].",
            Assert.Throws<ShapeException>(() => Shape.Create([2, -1])).Message);
        Assert.Equal("a tensor of [65536, 65536] has more elements than the 2,147,483,647 that one can have.",
            Assert.Throws<UsageException>(() => Shape.Create([65536, 65536])).Message);
    }

    [Fact]
    public void A_spread_has_the_sizes_and_nothing_else()
    {
        Shape shape = [384, 2];
        int[] sizes = [.. shape];
        Assert.Equal([384, 2], sizes);
    }
}
