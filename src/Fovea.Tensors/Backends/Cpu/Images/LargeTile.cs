using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>
/// F(4 x 4, 3 x 3) of <see cref="IWinogradTile{V}"/> with the points 0, ±¾, ±1½ and ∞: 36 products instead of 144. Its
/// errors are about twice those of sums in order (<c>ConvolutionTests</c>), less than with the usual 0, ±1, ±2 and ∞,
/// whose coefficients are larger. All of Bᵀ and Aᵀ are exact in single precision.
/// </summary>
internal readonly unsafe struct LargeTile<V> : IWinogradTile<V>
    where V : struct, ISimd<V>
{
    // The points are ±P and ±Q.
    private const float P = 0.75f, Q = 1.5f, P2 = P * P, Q2 = Q * Q;

    // 1 / Π (xᵢ - xⱼ) over the other points xⱼ: the rows of G.
    private const float OfZero = 1 / (P2 * Q2), OfP = 1 / (2 * P2 * (P2 - Q2)), OfQ = 1 / (2 * Q2 * (Q2 - P2));

    public static int Side => 4;

    public static int Products => 36;

    public static int Scratch(int tiles) => Products * Winograd<V>.Row(tiles) + 12 * Lines(tiles) + 12 * tiles;

    /// <summary>Elements of a line of pixels of so many tiles.</summary>
    private static int Lines(int tiles) => 4 * Winograd<V>.Row(tiles);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights(float* weights, nint next, bool turned, int count, float* to, nint step)
    {
        float* taps = stackalloc float[9 * V.Count], rows = stackalloc float[18 * V.Count];
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            Winograd<V>.Gather(weights + i * next, next, turned, lanes, taps);
            for (int column = 0; column < 3; column++)
            {
                float* tap = taps + column * V.Count, row = rows + column * V.Count;
                Widen(V.Load(tap), V.Load(tap + 3 * V.Count), V.Load(tap + 6 * V.Count), out V g0, out V g1, out V g2,
                    out V g3, out V g4);
                V.Store(row, g0);
                V.Store(row + 3 * V.Count, g1);
                V.Store(row + 6 * V.Count, g2);
                V.Store(row + 9 * V.Count, g3);
                V.Store(row + 12 * V.Count, g4);
                V.Store(row + 15 * V.Count, V.Load(tap + 6 * V.Count));
            }

            for (int row = 0; row < 6; row++)
            {
                float* plane = to + 6 * row * step + i, from = rows + 3 * row * V.Count;
                V last = V.Load(from + 2 * V.Count);
                Widen(V.Load(from), V.Load(from + V.Count), last, out V g0, out V g1, out V g2, out V g3, out V g4);
                V.StorePartial(plane, g0, lanes);
                V.StorePartial(plane + step, g1, lanes);
                V.StorePartial(plane + 2 * step, g2, lanes);
                V.StorePartial(plane + 3 * step, g3, lanes);
                V.StorePartial(plane + 4 * step, g4, lanes);
                V.StorePartial(plane + 5 * step, last, lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pixels(float* source, nint image, int height, int width, int padding,
        ReadOnlySpan<TileRun> runs, int tiles, int columns, float* scratch, float* to, nint step, nint ahead)
    {
        // Down the columns first, where pixels lie side by side: lines of all tiles, one run behind the other. A run's
        // last two pixels lie where the next one begins, and are kept.
        int row = Winograd<V>.Row(tiles), line = Lines(tiles);
        float* lines = scratch + Products * row, copies = lines + 6 * line, tails = copies + 6 * line, tail = tails;
        foreach (TileRun run in runs)
        {
            int start = 4 * run.Offset;
            Down(source + run.Image * image, height, width, 4 * run.Row - padding, 4 * run.Column - padding,
                4 * run.Count + 2, lines + start, line, copies, ahead);
            for (int r = 0; r < 6; r++, tail += 2)
            {
                float* end = lines + r * line + start + 4 * run.Count;
                (tail[0], tail[1]) = (end[0], end[1]);
            }
        }

        // Then columns apart; a tile's last two are the first two of the next one.
        for (int r = 0; r < 6; r++)
        {
            float* rows = scratch + 6 * r * row, fourth = rows + 4 * row, fifth = fourth + row, from = lines + r * line;
            for (int i = 0; i < tiles; i += V.Count)
            {
                Apart(from + 4 * i, out V c0, out V c1, out V c2, out V c3);
                V.Store(rows + i, c0);
                V.Store(rows + row + i, c1);
                V.Store(rows + 2 * row + i, c2);
                V.Store(rows + 3 * row + i, c3);
                V.Store(fourth + i - 1, c0);
                V.Store(fifth + i - 1, c1);
            }

            tail = tails + 2 * r;
            foreach (TileRun run in runs)
            {
                int last = run.Offset + run.Count - 1;
                (fourth[last], fifth[last]) = (tail[0], tail[1]);
                tail += 12;
            }
        }

        float* buffer = stackalloc float[6 * V.Count];
        for (int i = 0; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            bool whole = lanes == V.Count;
            for (int r = 0; r < 6; r++)
            {
                float* from = scratch + 6 * r * row + i, plane = to + 6 * r * step + i;
                Transform(V.Load(from), V.Load(from + row), V.Load(from + 2 * row), V.Load(from + 3 * row),
                    V.Load(from + 4 * row), V.Load(from + 5 * row), whole ? plane : buffer, whole ? step : V.Count);
                for (int column = 0; !whole && column < 6; column++)
                    V.StorePartial(plane + column * step, V.Load(buffer + column * V.Count), lanes);
            }
        }
    }

    /// <summary>Bᵀ d of some neighbouring pixels, as six lines. Writes a vector beyond them.</summary>
    /// <param name="plane">Pixels; 0 outside.</param>
    /// <param name="height">Rows of them.</param>
    /// <param name="width">Columns of them.</param>
    /// <param name="y">The first of six rows.</param>
    /// <param name="x">The first column.</param>
    /// <param name="pixels">How many columns.</param>
    /// <param name="lines">The first line.</param>
    /// <param name="line">Elements from one line to the next.</param>
    /// <param name="copies">Six more lines, for rows that cannot be read where they lie.</param>
    /// <param name="ahead">See <see cref="Pixels"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Down(float* plane, int height, int width, int y, int x, int pixels, float* lines, int line,
        float* copies, nint ahead)
    {
        int before = Math.Min(Math.Max(0, -x), pixels), after = Math.Clamp(width - x, before, pixels);
        nint first = (nint)y * width + x;
        float** rows = stackalloc float*[6];
        for (int r = 0; r < 6; r++, first += width, copies += line)
        {
            rows[r] = plane + first;
            for (int i = 0; ahead != 0 && i < pixels; i += Winograd<V>.Line) V.Prefetch(plane + first + ahead + i);
            // Pixels beside the row are read as they lie, of the rows before and behind, and cleared afterwards; beyond
            // the plane nothing may be read.
            bool outside = (uint)(y + r) >= (uint)height;
            if (!outside && first >= 0 && first + pixels <= (nint)height * width) continue;
            new Span<float>(copies, pixels).Clear();
            if (!outside)
                new ReadOnlySpan<float>(plane + first + before, after - before)
                    .CopyTo(new Span<float>(copies + before, pixels - before));
            rows[r] = copies;
        }

        for (int i = 0; i < pixels; i += V.Count)
        {
            int lanes = Math.Min(V.Count, pixels - i);
            Transform(V.LoadPartial(rows[0] + i, lanes), V.LoadPartial(rows[1] + i, lanes),
                V.LoadPartial(rows[2] + i, lanes), V.LoadPartial(rows[3] + i, lanes),
                V.LoadPartial(rows[4] + i, lanes), V.LoadPartial(rows[5] + i, lanes), lines + i, line);
        }

        for (int r = 0; r < 6; r++, lines += line)
        {
            for (int i = 0; i < before; i++) lines[i] = 0;
            for (int i = after; i < pixels; i++) lines[i] = 0;
        }
    }

    /// <summary>
    /// Bᵀ d of one column or row: (P² Q² d₀ − (P² + Q²) d₂ + d₄; d₄ − Q² d₂ ± P (d₃ − Q² d₁); d₄ − P² d₂ ± Q (d₃ −
    /// P² d₁); P² Q² d₁ − (P² + Q²) d₃ + d₅).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transform(V d0, V d1, V d2, V d3, V d4, V d5, float* to, nint step)
    {
        V ends = V.Broadcast(P2 * Q2), middle = V.Broadcast(-(P2 + Q2)), p2 = V.Broadcast(-P2), q2 = V.Broadcast(-Q2);
        V.Store(to, V.Fma(ends, d0, V.Fma(middle, d2, d4)));
        V.Store(to + 5 * step, V.Fma(ends, d1, V.Fma(middle, d3, d5)));
        V even = V.Fma(q2, d2, d4), odd = V.Fma(q2, d1, d3);
        V.Store(to + step, V.Fma(V.Broadcast(P), odd, even));
        V.Store(to + 2 * step, V.Fma(V.Broadcast(-P), odd, even));
        (even, odd) = (V.Fma(p2, d2, d4), V.Fma(p2, d1, d3));
        V.Store(to + 3 * step, V.Fma(V.Broadcast(Q), odd, even));
        V.Store(to + 4 * step, V.Fma(V.Broadcast(-Q), odd, even));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Results(float* products, nint step, int tiles, float* lines, int line)
    {
        float* rows = stackalloc float[24 * V.Count];
        for (int i = 0; i < tiles; i += V.Count)
        {
            for (int column = 0; column < 6; column++)
            {
                float* m = products + column * step + i, row = rows + column * V.Count;
                Sum(V.Load(m), V.Load(m + 6 * step), V.Load(m + 12 * step), V.Load(m + 18 * step),
                    V.Load(m + 24 * step), V.Load(m + 30 * step), out V y0, out V y1, out V y2, out V y3);
                V.Store(row, y0);
                V.Store(row + 6 * V.Count, y1);
                V.Store(row + 12 * V.Count, y2);
                V.Store(row + 18 * V.Count, y3);
            }

            for (int r = 0; r < 4; r++)
            {
                float* m = rows + 6 * r * V.Count, to = lines + r * line + 4 * i;
                Sum(V.Load(m), V.Load(m + V.Count), V.Load(m + 2 * V.Count), V.Load(m + 3 * V.Count),
                    V.Load(m + 4 * V.Count), V.Load(m + 5 * V.Count), out V y0, out V y1, out V y2, out V y3);
                V even = V.Join(y0, y2, out V evenHigh), odd = V.Join(y1, y3, out V oddHigh);
                V.Store(to, V.Join(even, odd, out V high));
                V.Store(to + V.Count, high);
                V.Store(to + 2 * V.Count, V.Join(evenHigh, oddHigh, out high));
                V.Store(to + 3 * V.Count, high);
            }
        }
    }

    /// <summary>Aᵀ m of one column or row: y_k = m₀ [k = 0] + Pᵏ (m₁ ± m₂) + Qᵏ (m₃ ± m₄) + m₅ [k = 3], minus where k
    /// is odd.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum(V m0, V m1, V m2, V m3, V m4, V m5, out V y0, out V y1, out V y2, out V y3)
    {
        V p = m1 + m2, q = m3 + m4;
        y0 = m0 + p + q;
        y2 = V.Fma(V.Broadcast(P2), p, V.Broadcast(Q2) * q);
        (p, q) = (m1 - m2, m3 - m4);
        y1 = V.Fma(V.Broadcast(P), p, V.Broadcast(Q) * q);
        y3 = V.Fma(V.Broadcast(P * P2), p, V.Fma(V.Broadcast(Q * Q2), q, m5));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Slopes(float* slopes, nint image, int height, int width, ReadOnlySpan<TileRun> runs, int tiles,
        float* scratch, float* to, nint step, nint ahead)
    {
        int line = Lines(tiles);
        float* nothing = scratch + 6 * line;
        float** rows = stackalloc float*[4];
        new Span<float>(nothing, line).Clear();
        foreach (TileRun run in runs)
        {
            int count = Math.Min(4 * run.Count, width - 4 * run.Column);
            float* lines = scratch + 4 * run.Offset;
            for (int r = 0; r < 4; r++)
            {
                bool inside = 4 * run.Row + r < height;
                rows[r] = !inside ? nothing
                    : slopes + run.Image * image + (nint)(4 * run.Row + r) * width + 4 * run.Column;
                for (int i = 0; inside && i < count; i += Winograd<V>.Line) V.Prefetch(rows[r] + ahead + i);
            }

            for (int i = 0; i < 4 * run.Count; i += V.Count)
            {
                int lanes = Math.Clamp(count - i, 0, V.Count);
                Spread(V.LoadPartial(rows[0] + i, lanes), V.LoadPartial(rows[1] + i, lanes),
                    V.LoadPartial(rows[2] + i, lanes), V.LoadPartial(rows[3] + i, lanes), out V r0, out V r1,
                    out V r2, out V r3, out V r4, out V r5);
                V.Store(lines + i, r0);
                V.Store(lines + line + i, r1);
                V.Store(lines + 2 * line + i, r2);
                V.Store(lines + 3 * line + i, r3);
                V.Store(lines + 4 * line + i, r4);
                V.Store(lines + 5 * line + i, r5);
            }
        }

        for (int r = 0; r < 6; r++)
            for (int i = 0; i < tiles; i += V.Count)
            {
                int lanes = Math.Min(V.Count, tiles - i);
                float* plane = to + 6 * r * step + i;
                Apart(scratch + r * line + 4 * i, out V y0, out V y1, out V y2, out V y3);
                Spread(y0, y1, y2, y3, out V r0, out V r1, out V r2, out V r3, out V r4, out V r5);
                V.StorePartial(plane, r0, lanes);
                V.StorePartial(plane + step, r1, lanes);
                V.StorePartial(plane + 2 * step, r2, lanes);
                V.StorePartial(plane + 3 * step, r3, lanes);
                V.StorePartial(plane + 4 * step, r4, lanes);
                V.StorePartial(plane + 5 * step, r5, lanes);
            }
    }

    /// <summary>A y of one column or row: Σ xᵏ y_k at the points x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(V y0, V y1, V y2, V y3, out V r0, out V r1, out V r2, out V r3, out V r4, out V r5)
    {
        V even = V.Fma(V.Broadcast(P2), y2, y0), odd = V.Fma(V.Broadcast(P * P2), y3, V.Broadcast(P) * y1);
        (r0, r1, r2) = (y0, even + odd, even - odd);
        (even, odd) = (V.Fma(V.Broadcast(Q2), y2, y0), V.Fma(V.Broadcast(Q * Q2), y3, V.Broadcast(Q) * y1));
        (r3, r4, r5) = (even + odd, even - odd, y3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Kernels(float* sums, nint step, int count, float* to, nint toStep)
    {
        float* rows = stackalloc float[18 * V.Count];
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            for (int column = 0; column < 6; column++)
            {
                float* m = sums + column * step + i;
                Fold(V.LoadPartial(m, lanes), V.LoadPartial(m + 6 * step, lanes), V.LoadPartial(m + 12 * step, lanes),
                    V.LoadPartial(m + 18 * step, lanes), V.LoadPartial(m + 24 * step, lanes),
                    V.LoadPartial(m + 30 * step, lanes), out V first, out V second, out V third);
                V.Store(rows + column * V.Count, first);
                V.Store(rows + (6 + column) * V.Count, second);
                V.Store(rows + (12 + column) * V.Count, third);
            }

            for (int row = 0; row < 3; row++)
            {
                float* r = rows + 6 * row * V.Count, kernel = to + 3 * row * toStep + i;
                Fold(V.Load(r), V.Load(r + V.Count), V.Load(r + 2 * V.Count), V.Load(r + 3 * V.Count),
                    V.Load(r + 4 * V.Count), V.Load(r + 5 * V.Count), out V k0, out V k1, out V k2);
                V.StorePartial(kernel, k0, lanes);
                V.StorePartial(kernel + toStep, k1, lanes);
                V.StorePartial(kernel + 2 * toStep, k2, lanes);
            }
        }
    }

    /// <summary>G g of one column or row, but for its last element g₂.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen(V g0, V g1, V g2, out V r0, out V r1, out V r2, out V r3, out V r4)
    {
        r0 = g0 * V.Broadcast(OfZero);
        V ends = V.Fma(V.Broadcast(P2), g2, g0) * V.Broadcast(OfP), middle = g1 * V.Broadcast(P * OfP);
        (r1, r2) = (ends + middle, ends - middle);
        (ends, middle) = (V.Fma(V.Broadcast(Q2), g2, g0) * V.Broadcast(OfQ), g1 * V.Broadcast(Q * OfQ));
        (r3, r4) = (ends + middle, ends - middle);
    }

    /// <summary>Gᵀ of six.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold(V m0, V m1, V m2, V m3, V m4, V m5, out V k0, out V k1, out V k2)
    {
        V p = (m1 + m2) * V.Broadcast(OfP), q = (m3 + m4) * V.Broadcast(OfQ);
        k0 = V.Fma(V.Broadcast(OfZero), m0, p + q);
        k1 = V.Fma(V.Broadcast(P * OfP), m1 - m2, V.Broadcast(Q * OfQ) * (m3 - m4));
        k2 = V.Fma(V.Broadcast(P2), p, V.Fma(V.Broadcast(Q2), q, m5));
    }

    /// <summary>Every fourth element of four vectors one behind the other, from the first to the fourth one
    /// on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Apart(float* x, out V first, out V second, out V third, out V fourth)
    {
        V even = V.Split(V.Load(x), V.Load(x + V.Count), out V odd),
            evenHigh = V.Split(V.Load(x + 2 * V.Count), V.Load(x + 3 * V.Count), out V oddHigh);
        first = V.Split(even, evenHigh, out third);
        second = V.Split(odd, oddHigh, out fourth);
    }
}
