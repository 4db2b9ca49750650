namespace Fovea.Tensors;

/// <summary>
/// Neighbours of the positions of a grid, as NATTEN defines them (Hassani et al. 2023, arXiv:2204.07143; with dilation
/// Hassani and Shi 2022, arXiv:2209.15001): along each axis the <c>Kernel</c> positions nearest to one's own, in steps
/// of <c>Dilation</c>; at borders the window moves inwards, so that it keeps its size.
/// </summary>
/// <param name="Kernel">Neighbours along each axis, one's own position included; odd.</param>
/// <param name="Dilation">Step from one neighbour to the next, 1 or more.</param>
public readonly record struct Neighborhood(int Kernel, int Dilation = 1)
{
    /// <summary>Neighbours along one axis. Where fewer than <see cref="Kernel"/> are reached in these steps, all of
    /// them are neighbours (NATTEN refuses such grids).</summary>
    /// <param name="position">One's own position, from 0.</param>
    /// <param name="size">Positions along the axis.</param>
    /// <returns>The first one and how many there are, <see cref="Dilation"/> apart.</returns>
    public (int First, int Count) Along(int position, int size)
    {
        (int index, int group) = Math.DivRem(position, Dilation);
        int reached = InGroup(group, size), count = Math.Min(Kernel, reached);
        return (group + Math.Clamp(index - Kernel / 2, 0, reached - count) * Dilation, count);
    }

    /// <summary>Positions of a group: those that lie whole steps from <paramref name="group"/>, the first of
    /// them.</summary>
    internal int InGroup(int group, int size) => group < size ? (size - group - 1) / Dilation + 1 : 0;

    /// <summary>Tokens that each position of a grid sees, first those before the grid: <c>[position, key]</c>, with −1
    /// where there are fewer than the most that any has.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="prefix">Tokens before it.</param>
    public int[] Keys(GridLevel grid, int prefix)
    {
        int most = MostKeys(grid, prefix);
        int[] keys = new int[grid.Count * most];
        Array.Fill(keys, -1);
        for (int position = 0; position < grid.Count; position++)
        {
            (int row, int column) = Math.DivRem(position, grid.Columns);
            ((int firstRow, int rows), (int firstColumn, int columns)) =
                (Along(row, grid.Rows), Along(column, grid.Columns));
            int at = position * most;
            for (int token = 0; token < prefix; token++) keys[at++] = token;
            for (int key = 0; key < rows * columns; key++)
                keys[at++] = prefix + (firstRow + key / columns * Dilation) * grid.Columns
                    + firstColumn + key % columns * Dilation;
        }

        return keys;
    }

    /// <summary>Tokens that a position sees at most.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="prefix">Tokens before it.</param>
    public int MostKeys(GridLevel grid, int prefix) => prefix
        + Math.Min(Kernel, InGroup(0, grid.Rows)) * Math.Min(Kernel, InGroup(0, grid.Columns));
}
