using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>F(2 x 2, 3 x 3) of <see cref="IWinogradTile{V}"/> with the points 0, 1, −1 and ∞. Its transforms only add
/// and halve, so it rounds about as the sums themselves do.</summary>
internal readonly unsafe struct SmallTile<V> : IWinogradTile<V>
    where V : struct, ISimd<V>
{
    public static int Side => 2;

    public static int Products => 16;

    public static int Scratch(int tiles) => (Products + 2) * Winograd<V>.Row(tiles) + 2 * V.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights(float* weights, nint next, bool turned, int count, float* to, nint step)
    {
        float* taps = stackalloc float[9 * V.Count], rows = stackalloc float[12 * V.Count];
        V half = V.Broadcast(0.5f);
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            Winograd<V>.Gather(weights + i * next, next, turned, lanes, taps);
            for (int column = 0; column < 3; column++)
            {
                // Down the columns first: rows g0, (g0 + g1 + g2)/2, (g0 − g1 + g2)/2, g2.
                V g0 = V.Load(taps + column * V.Count), g1 = V.Load(taps + (3 + column) * V.Count),
                    g2 = V.Load(taps + (6 + column) * V.Count);
                V ends = (g0 + g2) * half, middle = g1 * half;
                float* row = rows + column * V.Count;
                V.Store(row, g0);
                V.Store(row + 3 * V.Count, ends + middle);
                V.Store(row + 6 * V.Count, ends - middle);
                V.Store(row + 9 * V.Count, g2);
            }

            for (int row = 0; row < 4; row++)
            {
                float* plane = to + 4 * row * step + i, from = rows + 3 * row * V.Count;
                V g0 = V.Load(from), g1 = V.Load(from + V.Count), g2 = V.Load(from + 2 * V.Count);
                V ends = (g0 + g2) * half, middle = g1 * half;
                V.StorePartial(plane, g0, lanes);
                V.StorePartial(plane + step, ends + middle, lanes);
                V.StorePartial(plane + 2 * step, ends - middle, lanes);
                V.StorePartial(plane + 3 * step, g2, lanes);
            }
        }
    }

    public static void Pixels(float* source, nint image, int height, int width, int padding,
        ReadOnlySpan<TileRun> runs, int tiles, int columns, float* scratch, float* to, nint step, nint ahead)
    {
        foreach (TileRun run in runs)
            Spread(source + run.Image * image, height, width, 2 * run.Row - padding, 2 * run.Column - padding,
                run.Count, scratch, run.Offset, tiles, ahead);
        Transform(scratch, tiles, columns, to, step);
    }

    /// <summary>Takes pixels of some neighbouring tiles apart, the first at (<paramref name="y"/>, <paramref
    /// name="x"/>): pixel (r, c) of all tiles into row 4 · r + c of <paramref name="to"/>. Writes some vectors beyond
    /// the tiles, where the next ones follow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(float* plane, int height, int width, int y, int x, int tiles, float* to, int offset,
        int together, nint ahead)
    {
        int step = Winograd<V>.Row(together), pixels = 2 * tiles + 2, before = Math.Min(Math.Max(0, -x), pixels),
            after = Math.Clamp(width - x, before, pixels);
        float* line = to + Products * step;
        for (int row = 0; row < 4; row++)
        {
            nint first = (nint)(y + row) * width + x;
            float* rows = to + 4 * row * step + offset, source = plane + first;
            if ((uint)(y + row) >= (uint)height)
            {
                for (int i = 0; i < tiles; i += V.Count)
                    for (int column = 0; column < 4; column++) V.Store(rows + column * step + i, V.Zero);
                continue;
            }

            // Pixels beside the row are read as they lie, of the rows before and behind, and cleared afterwards; beyond
            // the plane nothing may be read.
            if (first < 0 || first + pixels > (nint)height * width)
            {
                new Span<float>(line, pixels).Clear();
                new ReadOnlySpan<float>(source + before, after - before)
                    .CopyTo(new Span<float>(line + before, pixels - before));
                source = line;
            }

            for (int i = 0; ahead != 0 && i < pixels; i += Winograd<V>.Line) V.Prefetch(plane + first + ahead + i);
            for (int i = 0; i < tiles; i += V.Count)
            {
                V.Store(rows + i, Pairs(source + 2 * i, pixels - 2 * i, out V odd));
                V.Store(rows + step + i, odd);
                V.Store(rows + 2 * step + i, Pairs(source + 2 * i + 2, pixels - 2 * i - 2, out odd));
                V.Store(rows + 3 * step + i, odd);
            }

            for (int i = 0; i < before; i++) Clear(rows, step, tiles, i);
            for (int i = after; i < pixels; i++) Clear(rows, step, tiles, i);
        }
    }

    /// <summary>Bᵀ d B of tiles whose pixels are apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform(float* apart, int together, int tiles, float* to, nint step)
    {
        int row = Winograd<V>.Row(together);
        for (int i = 0; i < tiles; i += V.Count)
        {
            int lanes = Math.Min(V.Count, tiles - i);
            Across(apart + i, row, out V a0, out V a1, out V a2, out V a3);
            Across(apart + 4 * row + i, row, out V b0, out V b1, out V b2, out V b3);
            Across(apart + 8 * row + i, row, out V c0, out V c1, out V c2, out V c3);
            Across(apart + 12 * row + i, row, out V d0, out V d1, out V d2, out V d3);
            if (lanes == V.Count)
            {
                Down(a0, b0, c0, d0, to + i, step);
                Down(a1, b1, c1, d1, to + step + i, step);
                Down(a2, b2, c2, d2, to + 2 * step + i, step);
                Down(a3, b3, c3, d3, to + 3 * step + i, step);
                continue;
            }

            Down(a0, b0, c0, d0, to + i, step, lanes);
            Down(a1, b1, c1, d1, to + step + i, step, lanes);
            Down(a2, b2, c2, d2, to + 2 * step + i, step, lanes);
            Down(a3, b3, c3, d3, to + 3 * step + i, step, lanes);
        }
    }

    /// <summary>Pixel number <paramref name="pixel"/> of a row of tiles becomes 0 in both tiles that it belongs
    /// to.</summary>
    private static void Clear(float* rows, int step, int tiles, int pixel)
    {
        int tile = pixel / 2, column = pixel % 2;
        if (tile < tiles) rows[column * step + tile] = 0;
        if (tile > 0) rows[(2 + column) * step + tile - 1] = 0;
    }

    /// <summary>(d0 − d2, d1 + d2, d2 − d1, d1 − d3) of one row of each tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Across(float* pixels, int row, out V r0, out V r1, out V r2, out V r3)
    {
        V d0 = V.Load(pixels), d1 = V.Load(pixels + row), d2 = V.Load(pixels + 2 * row),
            d3 = V.Load(pixels + 3 * row);
        (r0, r1, r2, r3) = (d0 - d2, d1 + d2, d2 - d1, d1 - d3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Down(V a, V b, V c, V d, float* to, nint step)
    {
        V.Store(to, a - c);
        V.Store(to + 4 * step, b + c);
        V.Store(to + 8 * step, c - b);
        V.Store(to + 12 * step, b - d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Down(V a, V b, V c, V d, float* to, nint step, int lanes)
    {
        V.StorePartial(to, a - c, lanes);
        V.StorePartial(to + 4 * step, b + c, lanes);
        V.StorePartial(to + 8 * step, c - b, lanes);
        V.StorePartial(to + 12 * step, b - d, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Results(float* products, nint step, int tiles, float* lines, int line)
    {
        float* lower = lines + line;
        for (int i = 0; i < tiles; i += V.Count)
        {
            Sums(products + i, step, out V a0, out V b0);
            Sums(products + step + i, step, out V a1, out V b1);
            Sums(products + 2 * step + i, step, out V a2, out V b2);
            Sums(products + 3 * step + i, step, out V a3, out V b3);
            V.Store(lines + 2 * i, V.Join(a0 + a1 + a2, a1 - a2 - a3, out V high));
            V.Store(lines + 2 * i + V.Count, high);
            V.Store(lower + 2 * i, V.Join(b0 + b1 + b2, b1 - b2 - b3, out high));
            V.Store(lower + 2 * i + V.Count, high);
        }
    }

    /// <summary>Down one column of a tile: m0 + m1 + m2 and m1 − m2 − m3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sums(float* products, nint step, out V upper, out V lower)
    {
        V m0 = V.Load(products), m1 = V.Load(products + 4 * step), m2 = V.Load(products + 8 * step),
            m3 = V.Load(products + 12 * step);
        (upper, lower) = (m0 + m1 + m2, m1 - m2 - m3);
    }

    public static void Slopes(float* slopes, nint image, int height, int width, ReadOnlySpan<TileRun> runs, int tiles,
        float* scratch, float* to, nint step, nint ahead)
    {
        foreach (TileRun run in runs)
        {
            float* upper = slopes + run.Image * image + (nint)2 * run.Row * width + 2 * run.Column;
            Slopes(upper, 2 * run.Row + 1 < height ? upper + width : null,
                Math.Min(2 * run.Count, width - 2 * run.Column), to + run.Offset, step, ahead);
        }
    }

    /// <summary>A dy Aᵀ of some neighbouring tiles.</summary>
    /// <param name="upper">The tiles' upper slopes, as they lie.</param>
    /// <param name="lower">The lower ones, or null below the plane.</param>
    /// <param name="count">Slopes of a row: 2 · tiles, or one less.</param>
    /// <param name="to">The first plane.</param>
    /// <param name="step">Elements from one plane to the next.</param>
    /// <param name="ahead">Elements to slopes that will be read soon.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Slopes(float* upper, float* lower, int count, float* to, nint step, nint ahead)
    {
        for (int i = 0; i < count; i += Winograd<V>.Line)
        {
            V.Prefetch(upper + ahead + i);
            if (lower != null) V.Prefetch(lower + ahead + i);
        }

        for (int i = 0; 2 * i < count; i += V.Count)
        {
            int left = count - 2 * i, lanes = Math.Min(V.Count, (left + 1) / 2);
            V a0 = Pairs(upper + 2 * i, left, out V a1), b0 = V.Zero, b1 = V.Zero;
            if (lower != null) b0 = Pairs(lower + 2 * i, left, out b1);
            Widen(a0, a1, to + i, step, lanes);
            Widen(a0 + b0, a1 + b1, to + 4 * step + i, step, lanes);
            Widen(a0 - b0, a1 - b1, to + 8 * step + i, step, lanes);
            Widen(V.Zero - b0, V.Zero - b1, to + 12 * step + i, step, lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Pairs(float* x, int left, out V odd) => V.Split(
        V.LoadPartial(x, Math.Min(V.Count, left)), V.LoadPartial(x + V.Count, Math.Clamp(left - V.Count, 0, V.Count)),
        out odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(V even, V odd, float* to, nint step, int lanes)
    {
        V.StorePartial(to, even, lanes);
        V.StorePartial(to + step, even + odd, lanes);
        V.StorePartial(to + 2 * step, even - odd, lanes);
        V.StorePartial(to + 3 * step, V.Zero - odd, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Kernels(float* sums, nint step, int count, float* to, nint toStep)
    {
        V half = V.Broadcast(0.5f);
        float* rows = stackalloc float[12 * V.Count];
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            for (int column = 0; column < 4; column++)
            {
                float* m = sums + column * step + i;
                Fold(V.LoadPartial(m, lanes), V.LoadPartial(m + 4 * step, lanes), V.LoadPartial(m + 8 * step, lanes),
                    V.LoadPartial(m + 12 * step, lanes), half,
                    out V first, out V second, out V third);
                V.Store(rows + column * V.Count, first);
                V.Store(rows + (4 + column) * V.Count, second);
                V.Store(rows + (8 + column) * V.Count, third);
            }

            for (int row = 0; row < 3; row++)
            {
                float* r = rows + 4 * row * V.Count;
                Fold(V.Load(r), V.Load(r + V.Count), V.Load(r + 2 * V.Count), V.Load(r + 3 * V.Count), half, out V k0,
                    out V k1, out V k2);
                float* kernel = to + 3 * row * toStep + i;
                V.StorePartial(kernel, k0, lanes);
                V.StorePartial(kernel + toStep, k1, lanes);
                V.StorePartial(kernel + 2 * toStep, k2, lanes);
            }
        }
    }

    /// <summary>Gᵀ of four: m0 + (m1 + m2)/2, (m1 − m2)/2, (m1 + m2)/2 + m3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold(V m0, V m1, V m2, V m3, V half, out V k0, out V k1, out V k2)
    {
        V sum = (m1 + m2) * half;
        (k0, k1, k2) = (m0 + sum, (m1 - m2) * half, sum + m3);
    }
}
