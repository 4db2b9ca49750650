namespace Fovea.Tensors.Tests;

public sealed class TokenRelationTests
{
    [Fact]
    public void A_window_is_a_square_around_the_query_and_always_holds_the_prefix()
    {
        TokenRelation relation = new(prefix: 1, rows: 3, columns: 4, radius: 1);
        int query = 1 + 1 * 4 + 2;   // row 1, column 2

        int[] visible = [.. Enumerable.Range(0, relation.Tokens).Where(j => relation.IsVisible(query, j))];

        Assert.Equal([0, 2, 3, 4, 6, 7, 8, 10, 11, 12], visible);
        Assert.All(Enumerable.Range(0, relation.Tokens), j => Assert.True(relation.IsVisible(0, j)));
    }

    [Fact]
    public void Buckets_are_those_of_the_offsets_with_three_more_for_the_prefix()
    {
        TokenRelation relation = new(1, 2, 3, rowBuckets: [0, 1, 2], columnBuckets: [0, 0, 1, 2, 2]);

        Assert.Equal(9 + 3, relation.Buckets);
        Assert.Equal([9, 10, 11], [relation.Bucket(0, 0), relation.Bucket(0, 2), relation.Bucket(2, 0)]);
        Assert.Equal(1 * 3 + 1, relation.Bucket(3, 3));        // no offset
        Assert.Equal(2 * 3 + 0, relation.Bucket(4, 3));        // one row below, two columns to the left
        Assert.Equal(0 * 3 + 2, relation.Bucket(3, 4));
    }

    [Fact]
    public void A_sequence_is_a_grid_of_one_row()
    {
        TokenRelation relation = new(0, 1, 5, radius: 2, columnBuckets: [.. Enumerable.Range(0, 9)]);

        Assert.Equal(4 + 3, relation.Bucket(4, 1));
        Assert.False(relation.IsVisible(4, 1));
        Assert.True(relation.IsVisible(1, 3));
    }

    [Theory]
    [InlineData(-1, 1, 1, null)]
    [InlineData(0, 0, 1, null)]
    [InlineData(0, 1, 1, -1)]
    public void Wrong_sizes_are_refused(int prefix, int rows, int columns, int? radius) =>
        Assert.Throws<ArgumentException>(() => new TokenRelation(prefix, rows, columns, radius));

    [Fact]
    public void A_table_of_another_size_is_refused() =>
        Assert.Throws<ArgumentException>(() => new TokenRelation(0, 2, 2, rowBuckets: [0, 1]));
}
