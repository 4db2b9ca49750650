namespace Fovea.Tensors;

/// <summary>
/// How a query and a key of one sequence lie to each other: whether the key is visible (a window), and in which bucket
/// of relative positions it falls. Tokens are a prefix (class token and the like), then a grid row by row; a plain
/// sequence is a grid of one row.
/// </summary>
/// <remarks><code>
/// offsets of query i and key j in the grid:  Δr = row_i − row_j,  Δc = column_i − column_j
/// visible(i, j) = |Δr| ≤ radius and |Δc| ≤ radius; always with a prefix token on either side
/// bucket(i, j)  = rowBuckets[Δr + rows − 1] · columnBucketCount + columnBuckets[Δc + columns − 1]
/// with a prefix token: behind those, + 0 prefix–prefix, + 1 prefix query–grid key, + 2 grid query–prefix key
/// </code></remarks>
public sealed class TokenRelation
{
    private readonly int[] _rowBuckets, _columnBuckets, _mirrored;

    /// <param name="prefix">Tokens before the grid, at least 0.</param>
    /// <param name="rows">Rows of the grid, at least 1.</param>
    /// <param name="columns">Columns of the grid, at least 1.</param>
    /// <param name="radius">Farthest visible key along each axis; null: all are visible.</param>
    /// <param name="rowBuckets">Bucket of each row offset from −(rows−1) to rows−1; null: one bucket.</param>
    /// <param name="columnBuckets">Bucket of each column offset from −(columns−1) to columns−1; null: one
    /// bucket.</param>
    /// <param name="bucketsPerAxis">Buckets of each table, where a small grid does not reach the last one; null: up to
    /// the largest in it.</param>
    /// <exception cref="ArgumentException">A size is out of range or a table has not 2 · size − 1 entries.</exception>
    public TokenRelation(int prefix, int rows, int columns, int? radius = null, int[]? rowBuckets = null,
        int[]? columnBuckets = null, int? bucketsPerAxis = null)
    {
        if (prefix < 0 || rows < 1 || columns < 1 || radius < 0)
            throw new ArgumentException(
                $"TokenRelation: prefix {prefix}, rows {rows}, columns {columns}, radius {radius} are out of range.");
        (Prefix, Rows, Columns, Radius) = (prefix, rows, columns, radius);
        _rowBuckets = rowBuckets ?? new int[2 * rows - 1];
        _columnBuckets = columnBuckets ?? new int[2 * columns - 1];
        RequireTable(_rowBuckets, rows, nameof(rowBuckets));
        RequireTable(_columnBuckets, columns, nameof(columnBuckets));
        _mirrored = [.. _columnBuckets.Reverse()];
        RowBucketCount = Count(_rowBuckets, rowBuckets is null ? null : bucketsPerAxis);
        ColumnBucketCount = Count(_columnBuckets, columnBuckets is null ? null : bucketsPerAxis);
    }

    /// <summary>Tokens before the grid.</summary>
    public int Prefix { get; }

    /// <summary>Rows of the grid.</summary>
    public int Rows { get; }

    /// <summary>Columns of the grid.</summary>
    public int Columns { get; }

    /// <summary>Farthest visible key along each axis; null: all are visible.</summary>
    public int? Radius { get; }

    /// <summary>Bucket of row offset Δr at Δr + Rows − 1.</summary>
    public ReadOnlySpan<int> RowBuckets => _rowBuckets;

    /// <summary>Bucket of column offset Δc at Δc + Columns − 1.</summary>
    public ReadOnlySpan<int> ColumnBuckets => _columnBuckets;

    /// <summary>Bucket of column offset Δc at −Δc + Columns − 1: along a row of keys it is read forwards.</summary>
    internal ReadOnlySpan<int> MirroredColumnBuckets => _mirrored;

    /// <summary>Buckets of row offsets.</summary>
    public int RowBucketCount { get; }

    /// <summary>Buckets of column offsets.</summary>
    public int ColumnBucketCount { get; }

    /// <summary>All tokens.</summary>
    public int Tokens => Prefix + Rows * Columns;

    /// <summary>Buckets of grid offsets, before those of the prefix.</summary>
    public int GridBuckets => RowBucketCount * ColumnBucketCount;

    /// <summary>All buckets.</summary>
    public int Buckets => GridBuckets + (Prefix > 0 ? 3 : 0);

    /// <summary>Whether query i sees key j.</summary>
    public bool IsVisible(int i, int j)
    {
        if (Radius is not { } radius || i < Prefix || j < Prefix) return true;
        (int rows, int columns) = Offset(i, j);
        return Math.Abs(rows) <= radius && Math.Abs(columns) <= radius;
    }

    /// <summary>The bucket in which key j falls for query i.</summary>
    public int Bucket(int i, int j)
    {
        if (i < Prefix) return GridBuckets + (j < Prefix ? 0 : 1);
        if (j < Prefix) return GridBuckets + 2;
        (int rows, int columns) = Offset(i, j);
        return _rowBuckets[rows + Rows - 1] * ColumnBucketCount + _columnBuckets[columns + Columns - 1];
    }

    private (int Rows, int Columns) Offset(int i, int j)
    {
        (int rowI, int columnI) = Math.DivRem(i - Prefix, Columns);
        (int rowJ, int columnJ) = Math.DivRem(j - Prefix, Columns);
        return (rowI - rowJ, columnI - columnJ);
    }

    private static int Count(int[] table, int? stated)
    {
        int needed = table.Max() + 1;
        return stated is not { } count ? needed : count >= needed ? count
            : throw new ArgumentException(
                $"TokenRelation: a table reaches bucket {needed - 1}, which {count} buckets do not hold.");
    }

    private static void RequireTable(int[] table, int size, string name)
    {
        if (table.Length != 2 * size - 1 || table.Min() < 0)
            throw new ArgumentException(
                $"TokenRelation: {name} needs {2 * size - 1} buckets from 0, got {table.Length}.");
    }
}
