using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>Runs over two arrays, either of which may be a single repeated element.</summary>
internal static unsafe class BinaryKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>y = a ∘ b; a side that does not run is one element.</summary>
    internal static void Run(BinaryOperator f, float* a, bool aRuns, float* b, bool bRuns, float* y, int count)
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count)
            V.Store(y + i, Combine(f, aRuns ? V.Load(a + i) : V.Broadcast(*a),
                bRuns ? V.Load(b + i) : V.Broadcast(*b)));
        int left = count - i;
        if (left == 0) return;
        V last = Combine(f, aRuns ? V.LoadPartial(a + i, left) : V.Broadcast(*a),
            bRuns ? V.LoadPartial(b + i, left) : V.Broadcast(*b));
        V.StorePartial(y + i, last, left);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Combine(BinaryOperator f, V a, V b) => f switch
    {
        BinaryOperator.Add => a + b,
        BinaryOperator.Subtract => a - b,
        BinaryOperator.Multiply => a * b,
        BinaryOperator.Divide => a / b,
        // NaN spreads
        BinaryOperator.Maximum => V.SelectGreaterOrEqual(a, b, a, V.SelectGreaterOrEqual(b, a, b, a + b)),
        BinaryOperator.Minimum => V.SelectGreaterOrEqual(b, a, a, V.SelectGreaterOrEqual(a, b, b, a + b)),
        _ => V.SelectGreaterOrEqual(a, b, V.Broadcast(1), V.Zero),
    };

    /// <summary>y (+)= scale · Σ of <paramref name="rows"/> rows. Single columns are summed across lanes, wider rows
    /// lane by lane.</summary>
    internal static void SumRows(float* x, float* y, int rows, int columns, float scale, bool accumulate)
    {
        if (columns == 1)
        {
            V lanes = V.Zero;
            int r = 0;
            for (; r + V.Count <= rows; r += V.Count) lanes += V.Load(x + r);
            float total = V.Sum(lanes);
            for (; r < rows; r++) total += x[r];
            *y = accumulate ? *y + total * scale : total * scale;
            return;
        }

        for (int i = 0; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            V sum = V.Zero;
            for (int r = 0; r < rows; r++)
                sum += lanes == V.Count ? V.Load(x + (nint)r * columns + i)
                : V.LoadPartial(x + (nint)r * columns + i, lanes);
            sum *= V.Broadcast(scale);
            V.StorePartial(y + i, accumulate ? sum + V.LoadPartial(y + i, lanes) : sum, lanes);
        }
    }

    /// <summary>y (+)= value.</summary>
    internal static void AddConstant(float value, float* y, int count, bool accumulate)
    {
        if (!accumulate) new Span<float>(y, count).Fill(value);
        else
            for (int i = 0; i < count; i++) y[i] += value;
    }
}
