namespace Fovea.Core.Formats;

/// <summary>A numpy array of bytes with two dimensions in a pickle.</summary>
internal sealed class NumpyArray
{
    private ReadOnlyMemory<byte> _bytes;
    private bool _columnsFirst;

    /// <summary>First dimension.</summary>
    public int Rows { get; private set; }

    /// <summary>Second dimension.</summary>
    public int Columns { get; private set; }

    /// <summary>The values, <c>[Rows, Columns]</c>: a slice of the file where it has them row by row, otherwise a
    /// copy.</summary>
    public ReadOnlyMemory<byte> RowByRow()
    {
        if (!_columnsFirst) return _bytes;
        ReadOnlySpan<byte> columns = _bytes.Span;
        byte[] rows = new byte[columns.Length];
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
                rows[row * Columns + column] = columns[column * Rows + row];
        return rows;
    }

    /// <summary>Takes over <c>(version, shape, dtype, is in Fortran order, bytes)</c>.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public string? SetState(object? state)
    {
        if (state is not (object?[] and [_, object?[] shape, NumpyType type, bool columnsFirst, PickleText bytes]))
            return "has an array with a wrong state";
        if (!type.IsByte) return "has an array that is not of bytes (uint8)";
        if (shape is not [long rows, long columns] || rows < 0 || columns < 0 || rows > int.MaxValue
            || columns > int.MaxValue)
            return "has an array that is not of two dimensions";
        if (rows * columns != bytes.Bytes.Length)
            return $"has an array of {rows} x {columns} with {bytes.Bytes.Length} bytes";
        Rows = (int)rows;
        Columns = (int)columns;
        _bytes = bytes.Bytes;
        _columnsFirst = columnsFirst;
        return null;
    }
}
