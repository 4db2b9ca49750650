using Fovea.Tensors.Backends.Cpu.Attention;

namespace Fovea.Tensors.Tests.Backends;

public sealed class RelationPlanTests
{
    public static TheoryData<string, bool, bool, int, int> Plans()
    {
        TheoryData<string, bool, bool, int, int> data = [];
        foreach (bool wide in (bool[])[false, true])
            foreach ((_, string name) in BackendCases.Relations(wide))
                foreach (bool weighted in (bool[])[false, true])
                    foreach ((int features, int headDim) in ((int, int)[])[(1, 1), (3, 2), (40, 30)]) data.Add(name,
                        wide, weighted, features, headDim);
        return data;
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void Every_visible_pair_is_computed_once_and_in_its_bucket(string name, bool wide, bool weighted,
        int features, int headDim)
    {
        TokenRelation relation = BackendCases.Relations(wide).Single(entry => entry.Name == name).Relation;
        RelationPlan plan = RelationPlan.Of(relation, features, headDim, weighted);
        foreach (bool transposed in (bool[])[false, true])
        {
            List<int>[,] found = new List<int>[relation.Tokens, relation.Tokens];
            for (int i = 0; i < relation.Tokens; i++)
                for (int j = 0; j < relation.Tokens; j++) found[i, j] = Carried(relation, plan, i, j);
            foreach (PairTile tile in plan.Tiles) AddVisited(plan, transposed, tile, found);

            for (int i = 0; i < relation.Tokens; i++)
                for (int j = 0; j < relation.Tokens; j++)
                    Assert.Equal(relation.IsVisible(i, j) ? [weighted ? relation.Bucket(i, j) : 0] : [], found[i, j]);
        }
    }

    [Fact]
    public void Sums_are_carried_along_where_windows_are_wide_and_pairs_visited_where_they_are_narrow()
    {
        Assert.Empty(RelationPlan.Of(new(0, 1, 4000, 3), 32, 16, weighted: false).Ranges);
        Assert.Single(RelationPlan.Of(new(0, 1, 4000, 100), 32, 16, weighted: false).Ranges);
        Assert.Single(RelationPlan.Of(new(1, 60, 60, 9), 32, 16, weighted: false).Ranges);
        int[] logarithmic = [.. Enumerable.Range(-1999, 3999)
            .Select(offset => Math.Sign(offset) * (int)Math.Log2(1 + Math.Abs(offset)) + 10)];
        RelationPlan mixed = RelationPlan.Of(new(0, 1, 2000, columnBuckets: logarithmic), 32, 16, weighted: true);
        Assert.NotEmpty(mixed.Ranges);
        Assert.NotEmpty(mixed.Tiles);
    }

    private static List<int> Carried(TokenRelation relation, RelationPlan plan, int i, int j)
    {
        if (i < relation.Prefix || j < relation.Prefix) return [];
        int rows = (i - relation.Prefix) / relation.Columns - (j - relation.Prefix) / relation.Columns;
        int columns = (i - relation.Prefix) % relation.Columns - (j - relation.Prefix) % relation.Columns;
        return [.. plan.Ranges
            .Where(range => rows >= range.RowLow && rows <= range.RowHigh && columns >= range.ColumnLow
                && columns <= range.ColumnHigh)
            .Select(range => range.Bucket)];
    }

    private static void AddVisited(RelationPlan plan, bool transposed, PairTile tile, List<int>[,] found)
    {
        (int readers, int sources) = transposed ? (tile.Keys, tile.Queries) : (tile.Queries, tile.Keys);
        (int firstReader, int firstSource) = transposed ? (tile.Key, tile.Query) : (tile.Query, tile.Key);
        for (int reader = firstReader; reader < firstReader + readers; reader++)
        {
            int[] buckets = plan.Buckets(transposed, reader, firstSource, new int[sources]).ToArray();
            float[] mask = plan.Mask(transposed, reader, firstSource, new float[sources]).ToArray();
            for (int k = 0; k < sources; k++)
            {
                Assert.Equal(buckets[k] >= 0, mask[k] == 1);
                (int i, int j) = transposed ? (firstSource + k, reader) : (reader, firstSource + k);
                if (buckets[k] >= 0) found[i, j].Add(buckets[k]);
            }
        }
    }
}
