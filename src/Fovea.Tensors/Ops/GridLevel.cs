namespace Fovea.Tensors;

/// <summary>Rows and columns of one level of a pyramid of token grids.</summary>
/// <param name="Rows">Rows, 1 or more.</param>
/// <param name="Columns">Columns, 1 or more.</param>
public readonly record struct GridLevel(int Rows, int Columns)
{
    /// <summary>Number of positions.</summary>
    public int Count => Rows * Columns;

    /// <summary>The next coarser level: half of each side, rounded up.</summary>
    public GridLevel Halved() => new((Rows + 1) / 2, (Columns + 1) / 2);

    /// <summary>For example <c>5x7</c>.</summary>
    public override string ToString() => $"{Rows}x{Columns}";
}
