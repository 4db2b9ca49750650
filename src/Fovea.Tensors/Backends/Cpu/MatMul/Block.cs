using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>Start and destination of a block's results.</summary>
/// <param name="C">First element of the block.</param>
/// <param name="Row">Elements from one row of C to the next.</param>
/// <param name="Start">Added values with the same layout (a residual, or C itself), or null.</param>
/// <param name="StartRow">Elements from one row of them to the next.</param>
/// <param name="Bias">One value per column, or null; readable up to the next multiple of a vector.</param>
/// <param name="Padded">C may be written up to the next multiple of a vector in every row.</param>
internal readonly unsafe record struct BlockTarget(nint C, nint Row, nint Start = 0, nint StartRow = 0, nint Bias = 0,
    bool Padded = false);

/// <summary>A block of rows times packed panels: cut into register tiles.</summary>
internal static unsafe class Block<V>
    where V : struct, ISimd<V>
{
    private const int StepsWorthPrefetching = 64;
    private const int StepsAtOnce = 1024;   // a panel of 32 columns is then 128 KiB and stays in the second-level cache

    /// <summary>C[rows, columns] = start + bias + A · panels.</summary>
    /// <param name="a">A[0, 0], read in place.</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="aStep">Elements from one step to the next.</param>
    /// <param name="rows">Rows of the block.</param>
    /// <param name="panels">First panel; see <see cref="Panels{V}"/>.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="inner">Length of the sums.</param>
    /// <param name="target">Where results go.</param>
    /// <param name="packed">Steps that the panels hold; 0: <paramref name="inner"/>.</param>
    /// <param name="skipped">Steps before the first one, of those that the panels hold.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(float* a, nint aRow, nint aStep, int rows, float* panels, int columns, int inner,
        in BlockTarget target, int packed = 0, int skipped = 0)
    {
        if (packed == 0) packed = inner;
        float* edge = stackalloc float[Panels<V>.Width * 12];
        int steps0 = 0;
        do
        {
            int steps = Math.Min(StepsAtOnce, inner - steps0);
            bool first = steps0 == 0;
            for (int column = 0; column < columns; column += Panels<V>.Width)
            {
                int width = Panels<V>.WidthAt(column, columns), valid = Math.Min(width, columns - column);
                float* panel = panels + (nint)column * packed + (nint)(skipped + steps0) * width;
                float* c = (float*)target.C + column;
                float* start = first ? (float*)target.Start : (float*)target.C;
                nint startRow = first ? target.StartRow : target.Row;
                if (start != null) start += column;
                float* bias = first && target.Bias != 0 ? (float*)target.Bias + column : null;
                float* rowsOfA = a + steps0 * aStep;
                for (int row = 0; row < rows;)
                {
                    int count = TileRows(rows - row);
                    float* cTile = c + row * target.Row, startTile = start == null ? null : start + row * startRow;
                    float* aTile = rowsOfA + row * aRow;
                    if (steps >= StepsWorthPrefetching)
                        PrefetchNext(column == 0 && aStep == 1, aTile, aRow, count, steps, cTile, target.Row, startTile,
                            startRow);
                    if (valid == width || target.Padded)
                        Tile(count, width, aTile, aRow, aStep, panel, steps, startTile, startRow, bias, cTile,
                            target.Row);
                    else
                        EdgeTile(count, width, valid, aTile, aRow, aStep, panel, steps, startTile, startRow, bias,
                            cTile, target.Row, edge);
                    row += count;
                }
            }

            steps0 += steps;
        }
        while (steps0 < inner);
    }

    /// <summary>
    /// While one tile computes, the lines of the next one arrive: its results' (a store that misses stalls all that
    /// follow), its starting values', and in the first panel those of A.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchNext(bool left, float* a, nint aRow, int rows, int steps, float* c, nint cRow,
        float* start, nint startRow)
    {
        for (int r = rows; r < 2 * rows; r++)
        {
            V.Prefetch(c + r * cRow);
            V.Prefetch(c + r * cRow + V.Count);
            if (start != null && start != c)
            {
                V.Prefetch(start + r * startRow);
                V.Prefetch(start + r * startRow + V.Count);
            }

            if (!left) continue;
            for (int k = 0; k < steps; k += 16) V.Prefetch(a + r * aRow + k);
        }
    }

    /// <summary>Rows of the next tile, given how many are left.</summary>
    private static int TileRows(int left)
    {
        if (left >= V.TileRows) return V.TileRows;
        return left >= 8 ? 8 : left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    }

    /// <summary>The last columns, fewer than a vector holds: through a buffer, so that nothing beyond them is
    /// touched.</summary>
    private static void EdgeTile(
        int count, int width, int valid, float* a, nint aRow, nint aStep, float* panel, int steps,
        float* start, nint startRow, float* bias, float* c, nint cRow, float* edge)
    {
        if (start != null)
            for (int r = 0; r < count; r++) new ReadOnlySpan<float>(start + r * startRow, valid)
            .CopyTo(new Span<float>(edge + r * width, width));
        Tile(count, width, a, aRow, aStep, panel, steps, start == null ? null : edge, width, bias, edge, width);
        for (int r = 0; r < count; r++)
            new ReadOnlySpan<float>(edge + r * width, valid).CopyTo(new Span<float>(c + r * cRow, valid));
    }

    private static void Tile(
        int count, int width, float* a, nint aRow, nint aStep, float* b, int steps, float* start, nint startRow,
        float* bias, float* c, nint cRow)
    {
        if (width > V.Count) Wide<Two>(count, a, aRow, aStep, b, width, steps, start, startRow, bias, c, cRow);
        else Wide<One>(count, a, aRow, aStep, b, width, steps, start, startRow, bias, c, cRow);
    }

    private static void Wide<TColumns>(
        int count, float* a, nint aRow, nint aStep, float* b, nint bStep, int steps, float* start, nint startRow,
        float* bias, float* c, nint cRow)
        where TColumns : struct, ISize
    {
        switch (count)
        {
            case 12:
                Tile<V>.Run<Twelve, TColumns>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
            case 8:
                Tile<V>.Run<Eight, TColumns>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow);
                break;
            case 6: Tile<V>.Run<Six, TColumns>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow); break;
            case 4: Tile<V>.Run<Four, TColumns>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow); break;
            case 2: Tile<V>.Run<Two, TColumns>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow); break;
            default: Tile<V>.Run<One, TColumns>(a, aRow, aStep, b, bStep, steps, start, startRow, bias, c, cRow); break;
        }
    }

    private readonly struct One : ISize
    {
        public static int Value => 1;
    }

    private readonly struct Two : ISize
    {
        public static int Value => 2;
    }

    private readonly struct Four : ISize
    {
        public static int Value => 4;
    }

    private readonly struct Six : ISize
    {
        public static int Value => 6;
    }

    private readonly struct Eight : ISize
    {
        public static int Value => 8;
    }

    private readonly struct Twelve : ISize
    {
        public static int Value => 12;
    }
}
