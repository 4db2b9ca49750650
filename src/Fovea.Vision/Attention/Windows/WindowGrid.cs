using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Windows;

/// <summary>A grid cut into windows: along each axis at the shift, and every so many positions behind it.</summary>
internal sealed class WindowGrid
{
    /// <param name="grid">The grid.</param>
    /// <param name="window">Rows and columns of a window.</param>
    /// <param name="shift">Where the first cut lies; 0 stands for a whole window.</param>
    public WindowGrid(TokenGrid grid, int window, int shift)
    {
        IGrouping<(int Rows, int Columns), (int Row, int Column)>[] all =
        [
            .. from rows in Cuts(grid.Rows, window, shift)
               from columns in Cuts(grid.Columns, window, shift)
               group (rows.First, columns.First) by (rows.Count, columns.Count),
        ];
        Shapes = [.. all.Select(same => new WindowShape(same.Key.Rows, same.Key.Columns, same.Count()))];
        List<int> order = [], patches = [];
        foreach (IGrouping<(int Rows, int Columns), (int Row, int Column)> same in all)
            foreach ((int row, int column) in same)
            {
                int[] own = [.. from i in Enumerable.Range(row, same.Key.Rows)
                                from j in Enumerable.Range(column, same.Key.Columns)
                                select i * grid.Columns + j];
                order.AddRange(Enumerable.Range(0, grid.Prefix));
                order.AddRange(own.Select(patch => grid.Prefix + patch));
                patches.AddRange(own);
            }

        Order = [.. order];
        Back = new int[patches.Count];
        for (int i = 0; i < Back.Length; i++) Back[patches[i]] = i;
    }

    /// <summary>Shapes of windows, each with how many there are.</summary>
    public IReadOnlyList<WindowShape> Shapes { get; }

    /// <summary>Tokens window by window, shape by shape; before those of each window the tokens before the
    /// patches.</summary>
    public int[] Order { get; }

    /// <summary>Place of each patch among the patches in that order.</summary>
    public int[] Back { get; }

    /// <summary>The window along one axis that a position lies in.</summary>
    public static int Of(int position, int size, int window, int shift) =>
        size <= window ? 0 : shift == 0 ? position / window : (position + window - shift) / window;

    private static IEnumerable<(int First, int Count)> Cuts(int size, int window, int shift) =>
        Enumerable.Range(0, size).GroupBy(position => Of(position, size, window, shift))
            .Select(own => (own.First(), own.Count()));
}

/// <summary>Windows of one shape.</summary>
/// <param name="Rows">Rows of each.</param>
/// <param name="Columns">Columns of each.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct WindowShape(int Rows, int Columns, int Count);
