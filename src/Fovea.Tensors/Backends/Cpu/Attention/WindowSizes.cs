namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Sizes of the windows of <see cref="NeighborhoodHead{V}"/>.</summary>
internal readonly struct WindowSizes
{
    private readonly int _lanes;

    /// <param name="arguments">Sizes.</param>
    /// <param name="lanes">Lanes of a register.</param>
    /// <param name="together">Rows of queries that go together.</param>
    internal WindowSizes(in NeighborhoodArguments arguments, int lanes, int together)
    {
        _lanes = lanes;
        (Near, Grid, Prefix, Width) =
            (arguments.Neighborhood, arguments.Grid, arguments.Prefix, arguments.HeadDim);
        int columns = Near.InGroup(0, Grid.Columns);
        Padded = (columns + lanes - 1) / lanes * lanes;
        RowKeys = Math.Min(Near.Kernel, Near.InGroup(0, Grid.Rows));
        RingRows = RowKeys + together - 1;
        ColumnKeys = Math.Min(Near.Kernel, columns);
        Room = (Near.Kernel / 2 + lanes - 1) / lanes * lanes;
    }

    internal Neighborhood Near { get; }

    internal GridLevel Grid { get; }

    internal int Prefix { get; }

    /// <summary>Elements of a head's vector.</summary>
    internal int Width { get; }

    /// <summary>Columns of a group, up to whole registers.</summary>
    internal int Padded { get; }

    /// <summary>Rows of a window at most.</summary>
    internal int RowKeys { get; }

    /// <summary>Rows that the windows of queries that go together reach over, at most.</summary>
    internal int RingRows { get; }

    /// <summary>Columns of a window at most.</summary>
    internal int ColumnKeys { get; }

    /// <summary>Floats before and behind a transposed row, where windows that would reach out are read.</summary>
    internal int Room { get; }

    /// <summary>Keys that a query sees at most.</summary>
    internal int MostKeys => RowKeys * ColumnKeys + Prefix;

    /// <summary>Keys that queries that go together see at most.</summary>
    internal int MostPlanes => RingRows * ColumnKeys + Prefix;

    /// <summary>Floats of one plane, and a cache line: at the same place of all planes there are different parts of
    /// the caches.</summary>
    internal nint Plane => (nint)Width * Padded + 16;

    /// <summary>Place of an element in a plane, of a register's first column.</summary>
    internal nint At(int column, int element) => (nint)column * Width + element * _lanes;

    /// <summary>Floats of all planes.</summary>
    internal long PlaneFloats => MostPlanes * (long)Plane;

    /// <summary>Floats from one element to the next of a transposed row of the grid.</summary>
    internal nint LineStride => Padded + 2 * Room;

    /// <summary>Floats of a transposed row.</summary>
    internal long LineFloats => Width * (long)LineStride;

    /// <summary>The parts of a head: groups, and where these are few, ranges of their rows.</summary>
    /// <param name="wanted">Parts that keep the threads busy.</param>
    internal WindowPart[] Parts(int wanted)
    {
        List<WindowPart> parts = [];
        WindowGroup[] groups = [.. Groups()];
        int each = (wanted + groups.Length - 1) / groups.Length;
        foreach (WindowGroup group in groups)
        {
            int ranges = Math.Clamp(each, 1, Math.Max(1, group.Rows / group.RowKeys));
            for (int range = 0; range < ranges; range++)
            {
                int first = range * group.Rows / ranges;
                parts.Add(new(group, first, (range + 1) * group.Rows / ranges - first));
            }
        }

        return [.. parts];
    }

    /// <summary>Floats of what a part of a head has for keys, or values, that others have gradients for, too: those
    /// before the grid and, where ranges meet, some rows.</summary>
    internal long SharedFloats(WindowPart[] parts) => (long)Width
        * (Prefix + parts.Max(part => part.Shared * part.Group.Columns));

    /// <summary>The groups of positions that see each other; one without dilation.</summary>
    internal IEnumerable<WindowGroup> Groups()
    {
        for (int row = 0; row < Math.Min(Near.Dilation, Grid.Rows); row++)
            for (int column = 0; column < Math.Min(Near.Dilation, Grid.Columns); column++)
                yield return new(row * Grid.Columns + column, Near.Dilation, Near.InGroup(row, Grid.Rows),
                    Near.InGroup(column, Grid.Columns), Near.Kernel, Grid.Columns);
    }
}

/// <summary>Some rows of queries of a group, which one thread computes.</summary>
/// <param name="Group">The group.</param>
/// <param name="Row">The first row.</param>
/// <param name="Rows">Rows, as many as a window has or more, unless they are all.</param>
internal readonly record struct WindowPart(WindowGroup Group, int Row, int Rows)
{
    /// <summary>Row behind the last.</summary>
    internal int End => Row + Rows;

    /// <summary>First row of keys.</summary>
    internal int FirstKey => Group.FirstRow(Row);

    /// <summary>Rows of keys that queries of the part before see, too; rows of still other parts are far
    /// enough.</summary>
    internal int Shared => Row == 0 ? 0 : Group.FirstRow(Row - 1) + Group.RowKeys - FirstKey;
}

/// <summary>A group of positions that see each other: a grid with steps.</summary>
/// <param name="First">Its first position in the whole grid.</param>
/// <param name="Step">Rows and columns of the whole grid from one position to the next.</param>
/// <param name="Rows">Rows of the group.</param>
/// <param name="Columns">Columns of the group.</param>
/// <param name="Kernel">Neighbours along each axis.</param>
/// <param name="GridColumns">Columns of the whole grid.</param>
internal readonly record struct WindowGroup(int First, int Step, int Rows, int Columns, int Kernel, int GridColumns)
{
    /// <summary>Rows of a window.</summary>
    internal int RowKeys => Math.Min(Kernel, Rows);

    /// <summary>Columns of a window.</summary>
    internal int ColumnKeys => Math.Min(Kernel, Columns);

    /// <summary>First row of a window.</summary>
    internal int FirstRow(int row) => Math.Clamp(row - Kernel / 2, 0, Rows - RowKeys);

    /// <summary>The whole grid's position of a row's first one.</summary>
    internal int Position(int row) => First + row * Step * GridColumns;
}
