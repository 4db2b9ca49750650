namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>Neighbouring tiles in one row of one image.</summary>
/// <param name="Image">Image.</param>
/// <param name="Row">Row of tiles.</param>
/// <param name="Column">Column of the first one.</param>
/// <param name="Count">How many.</param>
/// <param name="Offset">Tiles before them, of all that are listed.</param>
internal readonly record struct TileRun(int Image, int Row, int Column, int Count, int Offset)
{
    /// <summary>Lists consecutive tiles, cut where a row ends.</summary>
    /// <param name="first">First tile of the batch.</param>
    /// <param name="count">How many.</param>
    /// <param name="down">Rows of tiles of an image.</param>
    /// <param name="across">Columns of them.</param>
    /// <param name="runs">The list, as long as there are tiles at most.</param>
    /// <returns>The part of it that is written.</returns>
    internal static ReadOnlySpan<TileRun> List(int first, int count, int down, int across, Span<TileRun> runs)
    {
        (int line, int column) = Math.DivRem(first, across);
        (int image, int row) = Math.DivRem(line, down);
        int listed = 0;
        for (int done = 0; done < count; listed++)
        {
            int some = Math.Min(across - column, count - done);
            runs[listed] = new(image, row, column, some, done);
            done += some;
            column = 0;
            if (++row < down) continue;
            row = 0;
            image++;
        }

        return runs[..listed];
    }
}
