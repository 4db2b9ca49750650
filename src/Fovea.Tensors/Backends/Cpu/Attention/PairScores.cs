using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>As <see cref="ScoreTiles{V}"/>, of operands in pairs of bfloat16. Whole panels of keys go through assembled
/// tiles where there are some; what follows here defines them.</summary>
internal static unsafe class PairScores<V, TTiles>
    where V : struct, ISimd<V>
    where TTiles : struct, ITiles
{
    private static AssembledScores? Assembled =>
        typeof(TTiles) == typeof(AssembledPairs) ? AssembledScores.OfPairs : null;

    /// <summary>2^(unit · q·k) of some queries and keys as pairs of neighbouring keys, and the sums of all before they
    /// were rounded.</summary>
    /// <inheritdoc cref="ScoreTiles{V}.Powers"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Powers(float* q, nint qRow, int rows, float* keys, int count, int inner, float unit,
        float* powers, nint row, float* sums)
    {
        float* totals = stackalloc float[V.TileRows * V.Count], tile = stackalloc float[V.TileRows * Panels<V>.Width];
        new Span<float>(totals, V.TileRows * V.Count).Clear();
        int steps = PairPanels<V>.Steps(inner), width = Panels<V>.Width, panels = count / width;
        V factor = V.Broadcast(unit);
        for (int first = 0; first < rows;)
        {
            int size = Block<V, TTiles>.TileRows(rows - first), column = 0;
            float* a = q + first * qRow, c = powers + first * row, total = totals + first * V.Count;
            if (Assembled is { } assembled && panels > 0)
            {
                ScoreCall call = Call(a, qRow, keys, steps, panels, c, row, total, unit);
                assembled.Run(ScoreFinish.Power, size, ref call);
                column = panels * width;
            }

            for (; column < count; column += width)
            {
                int wide = Panels<V>.WidthAt(column, count), left = count - column;
                TTiles.Run(size, wide, a, qRow, 1, keys + (nint)column * steps, steps, null, 0, null, tile, width);
                for (int r = 0; r < size; r++)
                {
                    float* sum = total + r * V.Count, scores = tile + r * width;
                    V p0 = Power(scores, left, factor), p1 = V.Zero, all = p0 + V.Load(sum);
                    if (wide > V.Count)
                    {
                        p1 = Power(scores + V.Count, left - V.Count, factor);
                        all += p1;
                    }

                    V.Store(sum, all);
                    V even = V.Split(p0, p1, out V odd);
                    V.Store(c + r * row + column / 2, V.ToPairs(even, odd));
                }
            }

            first += size;
        }

        for (int r = 0; r < rows; r++) sums[r] = V.Sum(V.Load(totals + r * V.Count));
    }

    /// <inheritdoc cref="ScoreTiles{V}.Differentiate"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Differentiate(float* q, nint qRow, float* dy, nint dyRow, int rows, float* keys, float* values,
        int count, int inner, in SlopeArguments of, float* powers, float* slopes, nint row)
    {
        int steps = PairPanels<V>.Steps(inner), width = Panels<V>.Width, panels = count / width;
        for (int first = 0; first < rows;)
        {
            int size = Block<V, TTiles>.TileRows(rows - first), column = 0;
            float* a = q + first * qRow, b = dy + first * dyRow, p = powers + first * row, ds = slopes + first * row,
                shifts = (float*)of.Shifts + first, dots = (float*)of.Dots + first;
            if (Assembled is { } assembled && panels > 0)
            {
                ScoreCall call = Call(a, qRow, keys, steps, panels, p, row, shifts, of.Unit);
                assembled.Run(ScoreFinish.Probability, size, ref call);
                call = Call(b, dyRow, values, steps, panels, ds, row, dots, of.Scale);
                call.ToSlopes = (nint)(slopes - powers) * sizeof(float);
                assembled.Run(ScoreFinish.Slope, size, ref call);
                column = panels * width;
            }

            for (; column < count; column += width)
            {
                int wide = Panels<V>.WidthAt(column, count);
                TTiles.Run(size, wide, a, qRow, 1, keys + (nint)column * steps, steps, null, 0, null, p + column, row);
                TTiles.Run(size, wide, b, dyRow, 1, values + (nint)column * steps, steps, null, 0, null, ds + column,
                    row);
                V unit = V.Broadcast(of.Unit), scale = V.Broadcast(of.Scale);
                for (int r = 0; r < size; r++)
                {
                    V shift = V.Broadcast(shifts[r]), center = V.Broadcast(dots[r]);
                    for (int i = column; i < column + wide; i += V.Count)
                    {
                        float* probability = p + r * row + i, slope = ds + r * row + i;
                        V.Store(probability, V.Exp2(V.Fma(V.Load(probability), unit, shift)));
                        V.Store(slope, V.Load(probability) * (V.Load(slope) - center) * scale);
                    }
                }
            }

            first += size;
        }
    }

    /// <summary>Powers of the scores of a vector of keys; 0 where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Power(float* scores, int left, V factor)
    {
        if (left <= 0) return V.Zero;
        V power = V.Exp2(V.Load(scores) * factor);
        if (left >= V.Count) return power;
        V.Store(scores, power);
        return V.LoadPartial(scores, left);
    }

    private static ScoreCall Call(float* a, nint aRow, float* b, int steps, int panels, float* c, nint cRow,
        float* ofRows, float factor) => new()
        {
            A = a,
            ARow = aRow * sizeof(float),
            B = b,
            Steps = steps,
            Panels = panels,
            C = c,
            CRow = cRow * sizeof(float),
            OfRows = ofRows,
            Factor = factor,
        };
}
