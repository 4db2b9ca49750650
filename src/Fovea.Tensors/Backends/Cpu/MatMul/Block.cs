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
/// <param name="Scales">For products of bytes.</param>
internal readonly unsafe record struct BlockTarget(nint C, nint Row, nint Start = 0, nint StartRow = 0, nint Bias = 0,
    bool Padded = false, ByteScales Scales = default)
{
    /// <summary>The part of the target from a row and a column on.</summary>
    internal BlockTarget From(int row, int column) => this with
    {
        C = (nint)((float*)C + row * Row + column),
        Start = Start == 0 ? 0 : (nint)((float*)Start + row * StartRow + column),
        Bias = Bias == 0 ? 0 : (nint)((float*)Bias + column),
        Scales = Scales.From(row, column),
    };
}

/// <summary>From sums of products of bytes to numbers: (sum + correction of the column) · scale of the row · scale of
/// the column.</summary>
/// <param name="Rows">A scale per row.</param>
/// <param name="Columns">A scale per column; readable up to the next multiple of a vector.</param>
/// <param name="Corrections">A 32-bit integer per column; readable up to the next multiple of a vector.</param>
internal readonly unsafe record struct ByteScales(nint Rows, nint Columns, nint Corrections)
{
    internal ByteScales From(int row, int column) => Rows == 0 ? this
        : new((nint)((float*)Rows + row), (nint)((float*)Columns + column), (nint)((float*)Corrections + column));
}

/// <summary>A block of rows times packed panels in single precision.</summary>
internal static unsafe class Block<V>
    where V : struct, ISimd<V>
{
    /// <inheritdoc cref="Block{V,TTiles}.Multiply"/>
    internal static void Multiply(float* a, nint aRow, nint aStep, int rows, float* panels, int columns, int inner,
        in BlockTarget target, int packed = 0, int skipped = 0) =>
        Block<V, ManagedTiles<V, Singles>>.Multiply(a, aRow, aStep, rows, panels, columns, inner, target, packed,
            skipped);
}

/// <summary>A block of rows times packed panels: cut into register tiles.</summary>
internal static unsafe class Block<V, TTiles>
    where V : struct, ISimd<V>
    where TTiles : struct, ITiles
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
    /// <param name="ahead">What will be read next, or null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(float* a, nint aRow, nint aStep, int rows, float* panels, int columns, int inner,
        in BlockTarget target, int packed = 0, int skipped = 0, Ahead* ahead = null)
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
                    if (TTiles.Element == Element.Bytes)
                        ScaledTile(count, width, valid, aTile, aRow, aStep, panel, steps, startTile, startRow, bias,
                            cTile, target.Row, edge, target.Scales.From(row, column), first);
                    else if (valid == width || target.Padded)
                        TTiles.Run(count, width, aTile, aRow, aStep, panel, steps, startTile, startRow, bias, cTile,
                            target.Row);
                    else
                        EdgeTile(count, width, valid, aTile, aRow, aStep, panel, steps, startTile, startRow, bias,
                            cTile, target.Row, edge);
                    if (ahead != null) ahead->Step();
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
    internal static int TileRows(int left)
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
        TTiles.Run(count, width, a, aRow, aStep, panel, steps, start == null ? null : edge, width, bias, edge, width);
        for (int r = 0; r < count; r++)
            new ReadOnlySpan<float>(edge + r * width, valid).CopyTo(new Span<float>(c + r * cRow, valid));
    }

    /// <summary>Sums of products of bytes in a buffer, and from there as numbers to C.</summary>
    private static void ScaledTile(
        int count, int width, int valid, float* a, nint aRow, nint aStep, float* panel, int steps,
        float* start, nint startRow, float* bias, float* c, nint cRow, float* sums, in ByteScales scales, bool first)
    {
        TTiles.Run(count, width, a, aRow, aStep, panel, steps, null, 0, first ? (float*)scales.Corrections : null, sums,
            width);
        for (int j = 0; j < valid; j += V.Count)
        {
            int lanes = Math.Min(V.Count, valid - j);
            V columnScale = V.Load((float*)scales.Columns + j), offset = bias == null ? V.Zero : V.Load(bias + j);
            for (int r = 0; r < count; r++)
            {
                V scale = columnScale * V.Broadcast(((float*)scales.Rows)[r]);
                V initial = start == null ? offset : offset + V.LoadPartial(start + r * startRow + j, lanes);
                V value = V.Fma(V.FromIntegers(V.Load(sums + r * width + j)), scale, initial);
                if (lanes == V.Count) V.Store(c + r * cRow + j, value);
                else V.StorePartial(c + r * cRow + j, value, lanes);
            }
        }
    }
}
