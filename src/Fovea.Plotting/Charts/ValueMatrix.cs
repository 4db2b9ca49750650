using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Numbers in rows and columns that have names: a value per head and block, per pair of layers.</summary>
/// <remarks>
/// A cell's shade is its value's share of the largest; values below 0 have a colour of their own. Cells that are wide
/// enough show their value; those that are not finite are left empty.
/// </remarks>
public sealed record ValueMatrix : Figure
{
    private readonly double[,] _values;

    /// <summary>Keeps a copy of the values.</summary>
    /// <param name="rows">Names of the rows, at least one.</param>
    /// <param name="columns">Names of the columns, at least one.</param>
    /// <param name="values"><c>[row, column]</c>.</param>
    /// <exception cref="ArgumentException">There are not as many values as names.</exception>
    public ValueMatrix(IReadOnlyList<string> rows, IReadOnlyList<string> columns, double[,] values)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(values);
        if (rows.Count == 0 || columns.Count == 0 || values.GetLength(0) != rows.Count
            || values.GetLength(1) != columns.Count)
            throw new ArgumentException(
                $"{rows.Count} rows and {columns.Count} columns need as many values, not [{values.GetLength(0)}, "
                    + $"{values.GetLength(1)}].", nameof(values));
        (Rows, Columns) = ([.. rows], [.. columns]);
        _values = (double[,])values.Clone();
    }

    /// <summary>Names of the rows, from the top down.</summary>
    public IReadOnlyList<string> Rows { get; }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>A note below the title; wrapped.</summary>
    public string Note { get; init; } = "";

    /// <summary>Meaning of the columns, e.g. <c>head</c>.</summary>
    public string ColumnLabel { get; init; } = "";

    /// <summary>Meaning of the rows.</summary>
    public string RowLabel { get; init; } = "";

    /// <summary>The format of values.</summary>
    public ValueFormat Format { get; init; } = ValueFormat.Number;

    /// <summary>The value with the deepest shade; null: the largest there is.</summary>
    public double? Largest { get; init; }

    /// <inheritdoc/>
    public override int Width => new ValueMatrixPainter(this).Width;

    /// <inheritdoc/>
    public override int Height => new ValueMatrixPainter(this).Height;

    /// <summary>A value.</summary>
    public double At(int row, int column) => _values[row, column];

    internal override void Draw(ICanvas canvas) => new ValueMatrixPainter(this).Draw(canvas);
}
