namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Keys that the same rows of queries see, of some rows that go together.</summary>
/// <param name="First">The first key, among those that any of the rows sees: row by row, then those before the
/// grid.</param>
/// <param name="Count">Number of keys.</param>
/// <param name="Row">The first row of queries that sees them, among those that go together.</param>
/// <param name="Rows">Number of rows that see them, at most 3.</param>
/// <param name="At0">Place of the first key among those that the first row sees.</param>
/// <param name="At1">The same for the second row.</param>
/// <param name="At2">The same for the third row.</param>
internal readonly record struct KeyRange(int First, int Count, int Row, int Rows, int At0, int At1, int At2)
{
    /// <summary>Place of the first key among those that a row sees.</summary>
    internal int At(int row) => row == 0 ? At0 : row == 1 ? At1 : At2;

    /// <summary>All keys of some rows, in order.</summary>
    /// <param name="group">The grid.</param>
    /// <param name="row">The first row of queries.</param>
    /// <param name="rows">Their number, at most 3.</param>
    /// <param name="prefix">Keys before the grid, which all rows see.</param>
    /// <param name="ranges">Room for twice as many ranges as rows.</param>
    internal static ReadOnlySpan<KeyRange> Of(in WindowGroup group, int row, int rows, int prefix,
        Span<KeyRange> ranges)
    {
        int first = group.FirstRow(row), end = group.FirstRow(row + rows - 1) + group.RowKeys, count = 0;
        for (int r = first; r < end; r++)
        {
            int low = 0, high = rows;
            while (group.FirstRow(row + low) + group.RowKeys <= r) low++;
            while (group.FirstRow(row + high - 1) > r) high--;
            if (count > 0 && ranges[count - 1].Row == low && ranges[count - 1].Rows == high - low)
                ranges[count - 1] = ranges[count - 1] with { Count = ranges[count - 1].Count + group.ColumnKeys };
            else
                ranges[count++] = new((r - first) * group.ColumnKeys, group.ColumnKeys, low, high - low,
                    Place(group, r, row + low), Place(group, r, row + low + 1), Place(group, r, row + low + 2));
        }

        int window = group.RowKeys * group.ColumnKeys;
        if (prefix > 0)
            ranges[count++] = new((end - first) * group.ColumnKeys, prefix, 0, rows, window, window, window);
        return ranges[..count];

        static int Place(in WindowGroup of, int key, int query) => (key - of.FirstRow(query)) * of.ColumnKeys;
    }
}
