using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Simd;
using static Fovea.Tensors.Backends.Cpu.MatMul.TileSizes;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Matrices of softmax attention whose exponentials are taken in the registers that summed the
/// scores.</summary>
internal static unsafe class ScoreTiles<V>
    where V : struct, ISimd<V>
{
    /// <summary>2^(unit · q·k) of some queries and keys, in rows of keys, and their sums.</summary>
    /// <param name="q">The first query.</param>
    /// <param name="qRow">Elements from one to the next.</param>
    /// <param name="rows">At most as many as a tile has.</param>
    /// <param name="keys">Panels of the keys.</param>
    /// <param name="count">Keys.</param>
    /// <param name="inner">Elements of a query.</param>
    /// <param name="unit">Factor of the scores.</param>
    /// <param name="powers">The result; written up to the next multiple of a vector.</param>
    /// <param name="row">Elements from one of its rows to the next.</param>
    /// <param name="sums">A sum per query; overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Powers(float* q, nint qRow, int rows, float* keys, int count, int inner, float unit,
        float* powers, nint row, float* sums)
    {
        float* totals = stackalloc float[V.TileRows * V.Count];
        new Span<float>(totals, V.TileRows * V.Count).Clear();
        for (int column = 0; column < count; column += Panels<V>.Width)
        {
            int width = Panels<V>.WidthAt(column, count);
            for (int first = 0; first < rows;)
            {
                int tile = Block<V, ManagedTiles<V, Singles>>.TileRows(rows - first);
                PowerArguments arguments = new(unit, (nint)(totals + first * V.Count), count - column);
                if (column + width <= count)
                    Run<Power>(tile, width, q + first * qRow, qRow,
                    keys + (nint)column * inner, inner, powers + first * row + column, row, (nint)(&arguments));
                else
                    Run<LastPower>(tile, width, q + first * qRow, qRow,
                    keys + (nint)column * inner, inner, powers + first * row + column, row, (nint)(&arguments));
                first += tile;
            }
        }

        for (int r = 0; r < rows; r++) sums[r] = V.Sum(V.Load(totals + r * V.Count));
    }

    /// <summary>Probabilities from the log-sums, and gradients of the scores: P = 2^(unit · q·k + shift) and dS = P ∘
    /// (dy·v − dot) · scale.</summary>
    /// <param name="q">The first query.</param>
    /// <param name="qRow">Elements from one to the next.</param>
    /// <param name="dy">Its result's gradient.</param>
    /// <param name="dyRow">Elements from one to the next.</param>
    /// <param name="rows">Queries.</param>
    /// <param name="keys">Panels of the keys.</param>
    /// <param name="values">Panels of the values' transpose.</param>
    /// <param name="count">Keys.</param>
    /// <param name="inner">Elements of a query.</param>
    /// <param name="of">Factors, and what belongs to each query.</param>
    /// <param name="powers">P, in rows of keys.</param>
    /// <param name="slopes">dS, likewise; both are written up to the next multiple of a vector, with what need not be
    /// read.</param>
    /// <param name="row">Elements from one of their rows to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Differentiate(float* q, nint qRow, float* dy, nint dyRow, int rows, float* keys, float* values,
        int count, int inner, in SlopeArguments of, float* powers, float* slopes, nint row)
    {
        for (int column = 0; column < count; column += Panels<V>.Width)
        {
            int width = Panels<V>.WidthAt(column, count);
            for (int first = 0; first < rows;)
            {
                int tile = Block<V, ManagedTiles<V, Singles>>.TileRows(rows - first);
                SlopeArguments arguments = of.From(first, (nint)(slopes - powers));
                float* p = powers + first * row + column, ds = slopes + first * row + column;
                Run<Probability>(tile, width, q + first * qRow, qRow,
                    keys + (nint)column * inner, inner, p, row, (nint)(&arguments));
                Run<Slope>(tile, width, dy + first * dyRow, dyRow,
                    values + (nint)column * inner, inner, ds, row, (nint)(&arguments));
                first += tile;
            }
        }
    }

    /// <summary>As the register tile of all products (<see cref="Tile{V}"/>), of the few steps of a head, with a finish
    /// instead of plain results; apart from it because the JIT would not inline all that in one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TRows, TColumns, TFinish>(float* a, nint aRow, float* b, int steps, float* c, nint cRow,
        nint finish)
        where TRows : struct, ISize
        where TColumns : struct, ISize
        where TFinish : struct, IFinish
    {
        V c00 = V.Zero, c01 = V.Zero;
        V c10 = V.Zero, c11 = V.Zero;
        V c20 = V.Zero, c21 = V.Zero;
        V c30 = V.Zero, c31 = V.Zero;
        V c40 = V.Zero, c41 = V.Zero;
        V c50 = V.Zero, c51 = V.Zero;
        V c60 = V.Zero, c61 = V.Zero;
        V c70 = V.Zero, c71 = V.Zero;
        V c80 = V.Zero, c81 = V.Zero;
        V c90 = V.Zero, c91 = V.Zero;
        V cA0 = V.Zero, cA1 = V.Zero;
        V cB0 = V.Zero, cB1 = V.Zero;

        nint aRow2 = 2 * aRow;
        float* a0 = a, a3 = a + 3 * aRow, a6 = a + 6 * aRow, a9 = a + 9 * aRow;
        for (; steps > 0; steps--)
        {
            V b0 = V.Load(b), b1 = TColumns.Value > 1 ? V.Load(b + V.Count) : V.Zero;
            b += TColumns.Value * V.Count;
            if (TRows.Value > 0)
            {
                V x = V.Broadcast(*(a0));
                c00 = V.Fma(x, b0, c00);
                if (TColumns.Value > 1) c01 = V.Fma(x, b1, c01);
            }

            if (TRows.Value > 1)
            {
                V x = V.Broadcast(*(a0 + aRow));
                c10 = V.Fma(x, b0, c10);
                if (TColumns.Value > 1) c11 = V.Fma(x, b1, c11);
            }

            if (TRows.Value > 2)
            {
                V x = V.Broadcast(*(a0 + aRow2));
                c20 = V.Fma(x, b0, c20);
                if (TColumns.Value > 1) c21 = V.Fma(x, b1, c21);
            }

            if (TRows.Value > 3)
            {
                V x = V.Broadcast(*(a3));
                c30 = V.Fma(x, b0, c30);
                if (TColumns.Value > 1) c31 = V.Fma(x, b1, c31);
            }

            if (TRows.Value > 4)
            {
                V x = V.Broadcast(*(a3 + aRow));
                c40 = V.Fma(x, b0, c40);
                if (TColumns.Value > 1) c41 = V.Fma(x, b1, c41);
            }

            if (TRows.Value > 5)
            {
                V x = V.Broadcast(*(a3 + aRow2));
                c50 = V.Fma(x, b0, c50);
                if (TColumns.Value > 1) c51 = V.Fma(x, b1, c51);
            }

            if (TRows.Value > 6)
            {
                V x = V.Broadcast(*(a6));
                c60 = V.Fma(x, b0, c60);
                if (TColumns.Value > 1) c61 = V.Fma(x, b1, c61);
            }

            if (TRows.Value > 7)
            {
                V x = V.Broadcast(*(a6 + aRow));
                c70 = V.Fma(x, b0, c70);
                if (TColumns.Value > 1) c71 = V.Fma(x, b1, c71);
            }

            if (TRows.Value > 8)
            {
                V x = V.Broadcast(*(a6 + aRow2));
                c80 = V.Fma(x, b0, c80);
                if (TColumns.Value > 1) c81 = V.Fma(x, b1, c81);
            }

            if (TRows.Value > 9)
            {
                V x = V.Broadcast(*(a9));
                c90 = V.Fma(x, b0, c90);
                if (TColumns.Value > 1) c91 = V.Fma(x, b1, c91);
            }

            if (TRows.Value > 10)
            {
                V x = V.Broadcast(*(a9 + aRow));
                cA0 = V.Fma(x, b0, cA0);
                if (TColumns.Value > 1) cA1 = V.Fma(x, b1, cA1);
            }

            if (TRows.Value > 11)
            {
                V x = V.Broadcast(*(a9 + aRow2));
                cB0 = V.Fma(x, b0, cB0);
                if (TColumns.Value > 1) cB1 = V.Fma(x, b1, cB1);
            }

            a0++;
            a3++;
            a6++;
            a9++;
        }

        if (TRows.Value > 0) TFinish.Apply(finish, 0, TColumns.Value > 1, c00, c01, c + 0 * cRow);
        if (TRows.Value > 1) TFinish.Apply(finish, 1, TColumns.Value > 1, c10, c11, c + 1 * cRow);
        if (TRows.Value > 2) TFinish.Apply(finish, 2, TColumns.Value > 1, c20, c21, c + 2 * cRow);
        if (TRows.Value > 3) TFinish.Apply(finish, 3, TColumns.Value > 1, c30, c31, c + 3 * cRow);
        if (TRows.Value > 4) TFinish.Apply(finish, 4, TColumns.Value > 1, c40, c41, c + 4 * cRow);
        if (TRows.Value > 5) TFinish.Apply(finish, 5, TColumns.Value > 1, c50, c51, c + 5 * cRow);
        if (TRows.Value > 6) TFinish.Apply(finish, 6, TColumns.Value > 1, c60, c61, c + 6 * cRow);
        if (TRows.Value > 7) TFinish.Apply(finish, 7, TColumns.Value > 1, c70, c71, c + 7 * cRow);
        if (TRows.Value > 8) TFinish.Apply(finish, 8, TColumns.Value > 1, c80, c81, c + 8 * cRow);
        if (TRows.Value > 9) TFinish.Apply(finish, 9, TColumns.Value > 1, c90, c91, c + 9 * cRow);
        if (TRows.Value > 10) TFinish.Apply(finish, 10, TColumns.Value > 1, cA0, cA1, c + 10 * cRow);
        if (TRows.Value > 11) TFinish.Apply(finish, 11, TColumns.Value > 1, cB0, cB1, c + 11 * cRow);
    }

    private static void Run<TFinish>(int count, int width, float* a, nint aRow, float* b, int steps, float* c,
        nint cRow,
        nint finish)
        where TFinish : struct, IFinish
    {
        if (width > V.Count) Wide<Two, TFinish>(count, a, aRow, b, steps, c, cRow, finish);
        else Wide<One, TFinish>(count, a, aRow, b, steps, c, cRow, finish);
    }

    private static void Wide<TColumns, TFinish>(int count, float* a, nint aRow, float* b, int steps, float* c,
        nint cRow, nint finish)
        where TColumns : struct, ISize
        where TFinish : struct, IFinish
    {
        switch (count)
        {
            case 12:
                Run<Twelve, TColumns, TFinish>(a, aRow, b, steps, c, cRow, finish);
                break;
            case 8:
                Run<Eight, TColumns, TFinish>(a, aRow, b, steps, c, cRow, finish);
                break;
            case 6:
                Run<Six, TColumns, TFinish>(a, aRow, b, steps, c, cRow, finish);
                break;
            case 4:
                Run<Four, TColumns, TFinish>(a, aRow, b, steps, c, cRow, finish);
                break;
            case 2:
                Run<Two, TColumns, TFinish>(a, aRow, b, steps, c, cRow, finish);
                break;
            default:
                Run<One, TColumns, TFinish>(a, aRow, b, steps, c, cRow, finish);
                break;
        }
    }

    /// <summary>Last step of a tile: something becomes of one row of sums.</summary>
    private interface IFinish
    {
        /// <param name="arguments">A structure that belongs to the finish.</param>
        /// <param name="row">Which row.</param>
        /// <param name="isWide">Both vectors count, not the first alone.</param>
        /// <param name="c0">The first vector.</param>
        /// <param name="c1">The second one.</param>
        /// <param name="c">Where the results go.</param>
        static abstract void Apply(nint arguments, int row, bool isWide, V c0, V c1, float* c);
    }

    private readonly record struct PowerArguments(float Unit, nint Totals, int Left);

    private readonly struct Power : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(nint arguments, int row, bool isWide, V c0, V c1, float* c)
        {
            PowerArguments* a = (PowerArguments*)arguments;
            V unit = V.Broadcast(a->Unit), sum = V.Exp2(c0 * unit);
            float* total = (float*)a->Totals + row * V.Count;
            V.Store(c, sum);
            sum += V.Load(total);
            if (isWide)
            {
                V power = V.Exp2(c1 * unit);
                V.Store(c + V.Count, power);
                sum += power;
            }

            V.Store(total, sum);
        }
    }

    /// <summary>The last keys: what lies beyond them is not summed.</summary>
    private readonly struct LastPower : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(nint arguments, int row, bool isWide, V c0, V c1, float* c)
        {
            PowerArguments* a = (PowerArguments*)arguments;
            V unit = V.Broadcast(a->Unit);
            float* total = (float*)a->Totals + row * V.Count;
            V.Store(c, V.Exp2(c0 * unit));
            if (isWide) V.Store(c + V.Count, V.Exp2(c1 * unit));
            V sum = V.Load(total) + V.LoadPartial(c, Math.Min(V.Count, a->Left));
            if (isWide && a->Left > V.Count) sum += V.LoadPartial(c + V.Count, a->Left - V.Count);
            V.Store(total, sum);
        }
    }

    private readonly struct Probability : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(nint arguments, int row, bool isWide, V c0, V c1, float* c)
        {
            SlopeArguments* a = (SlopeArguments*)arguments;
            V unit = V.Broadcast(a->Unit), shift = V.Broadcast(((float*)a->Shifts)[row]);
            V.Store(c, V.Exp2(V.Fma(c0, unit, shift)));
            if (isWide) V.Store(c + V.Count, V.Exp2(V.Fma(c1, unit, shift)));
        }
    }

    private readonly struct Slope : IFinish
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(nint arguments, int row, bool isWide, V c0, V c1, float* c)
        {
            SlopeArguments* a = (SlopeArguments*)arguments;
            V center = V.Broadcast(((float*)a->Dots)[row]), scale = V.Broadcast(a->Scale);
            float* powers = c - a->ToSlopes;
            V.Store(c, V.Load(powers) * (c0 - center) * scale);
            if (isWide) V.Store(c + V.Count, V.Load(powers + V.Count) * (c1 - center) * scale);
        }
    }
}

/// <summary>Factors and addresses for <see cref="ScoreTiles{V}.Differentiate"/>.</summary>
/// <param name="Unit">Factor of q·k in the exponent of 2.</param>
/// <param name="Scale">Factor of the gradients.</param>
/// <param name="Shifts">A summand of the exponent per query.</param>
/// <param name="Dots">Σ y dy per query.</param>
/// <param name="ToSlopes">Elements from P to dS.</param>
internal readonly unsafe record struct SlopeArguments(float Unit, float Scale, nint Shifts, nint Dots,
    nint ToSlopes = 0)
{
    internal SlopeArguments From(int row, nint toSlopes) => this with
    {
        Shifts = (nint)((float*)Shifts + row),
        Dots = (nint)((float*)Dots + row),
        ToSlopes = toSlopes,
    };
}
