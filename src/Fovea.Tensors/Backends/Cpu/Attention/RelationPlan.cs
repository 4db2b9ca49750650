using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Keys that lie <c>RowLow..RowHigh</c> rows and <c>ColumnLow..ColumnHigh</c> columns before their query, all
/// in one bucket.</summary>
internal readonly record struct OffsetRange(int Bucket, int RowLow, int RowHigh, int ColumnLow, int ColumnHigh)
{
    internal int Keys => (RowHigh - RowLow + 1) * (ColumnHigh - ColumnLow + 1);

    /// <summary>The same pairs, seen from the key.</summary>
    internal OffsetRange Transposed => new(Bucket, -RowHigh, -RowLow, -ColumnHigh, -ColumnLow);
}

/// <summary>Queries times keys that are computed pair by pair.</summary>
internal readonly record struct PairTile(int Query, int Queries, int Key, int Keys);

/// <summary>
/// How the pairs of a <see cref="TokenRelation"/> are computed: each bucket's offsets fall into rectangles; where one
/// holds many keys, its sum is carried along from query to query (<see cref="Ranges"/>), where it holds few, they are
/// visited one by one (<see cref="Tiles"/>), and so are all pairs with a prefix token. Made once per relation and size.
/// </summary>
internal sealed class RelationPlan
{
    private const int QueriesAtOnce = 48, QueriesOfRow = 12, KeysAtOnce = 512, MergedGap = 12, MostTokensInTables = 512;

    private static readonly ConditionalWeakTable<TokenRelation, ConcurrentDictionary<(int, int, bool), RelationPlan>>
        Plans = [];

    private readonly TokenRelation _relation;
    private readonly int[][] _buckets;
    private readonly float[][] _masks;
    private readonly int[][]? _allBuckets;
    private readonly float[][]? _allMasks;
    private readonly int _prefixBuckets;

    private RelationPlan(TokenRelation relation, int features, int headDim, bool weighted)
    {
        _relation = relation;
        _prefixBuckets = weighted ? relation.GridBuckets : 0;
        Weighted = weighted;
        OffsetRange[] all = [.. AllRanges(relation, weighted)];
        bool visitAll = VisitingAllIsCheaper(all, features, headDim);
        OffsetRange[] visited = [
            .. all.Where(range => visitAll
                || VisitingCost(range, features, headDim) < CarryingCost(range, features, headDim))];
        Ranges = [.. all.Except(visited)];
        int[] table = Table(visited);
        _buckets = [table, [.. table.Reverse()]];
        _masks = Array.ConvertAll(_buckets, buckets => Array.ConvertAll(buckets, bucket => bucket < 0 ? 0f : 1f));
        Tiles = [.. visitAll ? EveryTile() : GridTiles(visited).Concat(PrefixTiles())];
        if (!visitAll || relation.Tokens > MostTokensInTables) return;
        _allBuckets = [EveryBucket(transposed: false), EveryBucket(transposed: true)];
        _allMasks = Array.ConvertAll(_allBuckets, buckets => Array.ConvertAll(buckets, bucket => bucket < 0 ? 0f : 1f));
    }

    /// <summary>Weights differ between buckets; else there is one bucket.</summary>
    internal bool Weighted { get; }

    internal int Rows => _relation.Rows;

    internal int Columns => _relation.Columns;

    internal int Prefix => _relation.Prefix;

    /// <summary>Rectangles whose sums are carried along.</summary>
    internal IReadOnlyList<OffsetRange> Ranges { get; }

    /// <summary>Blocks of pairs that are visited; within them, <see cref="Buckets"/> tells which ones count.</summary>
    internal IReadOnlyList<PairTile> Tiles { get; }

    /// <summary>The plan for a relation; sizes decide what is cheaper.</summary>
    internal static RelationPlan Of(TokenRelation relation, int features, int headDim, bool weighted) =>
        Plans.GetOrCreateValue(relation)
            .GetOrAdd((features, headDim, weighted), _ => new(relation, features, headDim, weighted));

    /// <summary>The buckets of some tokens for one reader, −1 where a pair is not visited.</summary>
    /// <param name="transposed">The reader is a key and the tokens are queries; else the reverse.</param>
    /// <param name="reader">Who looks.</param>
    /// <param name="first">First of the tokens.</param>
    /// <param name="buffer">As long as there are tokens; the result may lie in it.</param>
    internal ReadOnlySpan<int> Buckets(bool transposed, int reader, int first, Span<int> buffer)
    {
        if (_allBuckets is not null)
            return _allBuckets[transposed ? 1 : 0].AsSpan(reader * _relation.Tokens + first, buffer.Length);
        FillBuckets(transposed, reader, first, buffer);
        return buffer;
    }

    /// <summary>The same as 1 where the pair is visited and 0 where not.</summary>
    internal ReadOnlySpan<float> Mask(bool transposed, int reader, int first, Span<float> buffer)
    {
        if (_allMasks is not null)
            return _allMasks[transposed ? 1 : 0].AsSpan(reader * _relation.Tokens + first, buffer.Length);
        int prefixes = reader < Prefix ? buffer.Length : Math.Clamp(Prefix - first, 0, buffer.Length);
        buffer[..prefixes].Fill(1);
        if (prefixes < buffer.Length)
            CopyGrid(_masks[transposed ? 1 : 0], reader, first + prefixes, buffer[prefixes..]);
        return buffer;
    }

    private void FillBuckets(bool transposed, int reader, int first, Span<int> into)
    {
        int prefixes = Math.Clamp(Prefix - first, 0, into.Length);
        (int withPrefix, int withGrid) = !Weighted ? (0, 0) : transposed ? (1, 2) : (2, 1);
        bool isPrefix = reader < Prefix;
        into[..prefixes].Fill(_prefixBuckets + (isPrefix ? 0 : withPrefix));
        if (isPrefix) into[prefixes..].Fill(_prefixBuckets + withGrid);
        else CopyGrid(_buckets[transposed ? 1 : 0], reader, first + prefixes, into[prefixes..]);
    }

    private int[] EveryBucket(bool transposed)
    {
        int[] all = new int[_relation.Tokens * _relation.Tokens];
        for (int reader = 0; reader < _relation.Tokens; reader++)
            FillBuckets(transposed, reader, 0, all.AsSpan(reader * _relation.Tokens, _relation.Tokens));
        return all;
    }

    private void CopyGrid<T>(T[] table, int reader, int first, Span<T> into)
    {
        (int readerRow, int readerColumn) = Math.DivRem(reader - Prefix, Columns);
        while (into.Length > 0)
        {
            (int row, int column) = Math.DivRem(first - Prefix, Columns);
            int count = Math.Min(into.Length, Columns - column);
            int at = (row - readerRow + Rows - 1) * (2 * Columns - 1) + column - readerColumn + Columns - 1;
            table.AsSpan(at, count).CopyTo(into);
            into = into[count..];
            first += count;
        }
    }

    /// <summary>Every rectangle of offsets with one bucket, cut by the window.</summary>
    private static IEnumerable<OffsetRange> AllRanges(TokenRelation relation, bool weighted)
    {
        foreach ((int rowBucket, int rowLow, int rowHigh) in Runs(relation.RowBuckets.ToArray(), relation.Rows,
            relation.Radius, weighted))
            foreach ((int columnBucket, int low, int high) in Runs(relation.ColumnBuckets.ToArray(), relation.Columns,
                relation.Radius, weighted))
                yield return new(rowBucket * relation.ColumnBucketCount + columnBucket, rowLow, rowHigh, low, high);
    }

    /// <summary>Maximal runs of offsets with one bucket along an axis; a bucket may have several.</summary>
    private static IEnumerable<(int Bucket, int Low, int High)> Runs(int[] buckets, int size, int? radius,
        bool weighted)
    {
        int reach = Math.Min(size - 1, radius ?? size - 1);
        if (!weighted)
        {
            yield return (0, -reach, reach);
            yield break;
        }

        int low = -reach;
        for (int offset = -reach; offset <= reach; offset++)
        {
            if (offset < reach && buckets[offset + size] == buckets[offset + size - 1]) continue;
            yield return (buckets[offset + size - 1], low, offset);
            low = offset + 1;
        }
    }

    /// <summary>
    /// A visited key costs features + headDim multiplications in a matrix product, and so do the keys that only the
    /// neighbours in a block visit.
    /// </summary>
    private static long VisitingCost(OffsetRange range, int features, int headDim) =>
        (range.RowHigh - range.RowLow + 1L) * (range.ColumnHigh - range.ColumnLow + 1 + QueriesOfRow) * (features
            + headDim);

    /// <summary>
    /// A carried sum costs features · headDim each for adding and for reading, twice along each axis, and runs slower
    /// because nothing stays in registers: measured as some 4 (one axis) or 10 (two) of them in all.
    /// </summary>
    private static long CarryingCost(OffsetRange range, int features, int headDim) =>
        (range.RowLow == range.RowHigh ? 4L : 10L) * features * headDim;

    /// <summary>With few tokens, the whole product with holes beats the bookkeeping.</summary>
    private bool VisitingAllIsCheaper(OffsetRange[] all, int features, int headDim) =>
        _relation.Tokens * (long)(features + headDim)
        <= all.Sum(range => Math.Min(VisitingCost(range, features, headDim), CarryingCost(range, features, headDim)));

    /// <summary>
    /// Buckets by offset, −1 outside <paramref name="visited"/>. Entries run against the offset, so that for one query
    /// they run with the key.
    /// </summary>
    private int[] Table(OffsetRange[] visited)
    {
        int width = 2 * Columns - 1;
        int[] table = new int[(2 * Rows - 1) * width];
        Array.Fill(table, -1);
        foreach (OffsetRange range in visited)
            for (int row = range.RowLow; row <= range.RowHigh; row++)
                table.AsSpan((Rows - 1 - row) * width + Columns - 1 - range.ColumnHigh,
                    range.ColumnHigh - range.ColumnLow + 1)
                    .Fill(Weighted ? range.Bucket : 0);
        return table;
    }

    private IEnumerable<PairTile> EveryTile() => Cut(0, _relation.Tokens, 0, _relation.Tokens);

    private IEnumerable<PairTile> PrefixTiles() =>
        Prefix == 0 ? [] : Cut(0, Prefix, 0, _relation.Tokens).Concat(Cut(Prefix, Rows * Columns, 0, Prefix));

    /// <summary>For a stretch of queries in a row: in each row of keys that they visit, the columns that one of them
    /// visits.</summary>
    private IEnumerable<PairTile> GridTiles(OffsetRange[] visited)
    {
        ILookup<int, (int Low, int High)> columns = visited
            .SelectMany(range => Enumerable.Range(range.RowLow, range.RowHigh - range.RowLow + 1),
                (range, row) => (row, range))
            .ToLookup(entry => entry.row, entry => (entry.range.ColumnLow, entry.range.ColumnHigh));
        (int Row, (int Low, int High)[] Columns)[] offsets = [.. columns.OrderByDescending(row => row.Key)
            .Select(row => (row.Key, Merge(row)))];
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column += QueriesOfRow)
            {
                int queries = Math.Min(QueriesOfRow, Columns - column);
                foreach ((int rowOffset, (int, int)[] ranges) in offsets)
                    foreach ((int low, int high) in ranges)
                    {
                        int keyRow = row - rowOffset, first = Math.Max(0, column - high),
                            end = Math.Min(Columns, column + queries - low);
                        if ((uint)keyRow >= (uint)Rows || first >= end) continue;
                        foreach (PairTile tile in Cut(Prefix + row * Columns + column, queries,
                            Prefix + keyRow * Columns + first, end - first))
                            yield return tile;
                    }
            }
    }

    /// <summary>Ranges in order; those with small gaps become one.</summary>
    private static (int Low, int High)[] Merge(IEnumerable<(int Low, int High)> ranges)
    {
        List<(int Low, int High)> merged = [];
        foreach ((int low, int high) in ranges.Order())
        {
            if (merged.Count > 0 && low - merged[^1].High <= MergedGap)
                merged[^1] = (merged[^1].Low, Math.Max(high, merged[^1].High));
            else merged.Add((low, high));
        }

        return [.. merged];
    }

    private static IEnumerable<PairTile> Cut(int query, int queries, int key, int keys)
    {
        for (int i = 0; i < queries; i += QueriesAtOnce)
            for (int j = 0; j < keys; j += KeysAtOnce)
                yield return new(query + i, Math.Min(QueriesAtOnce, queries - i), key + j,
                    Math.Min(KeysAtOnce, keys - j));
    }
}
