using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>Loops over rows of a matrix <c>[rows, columns]</c>.</summary>
internal static unsafe class RowKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>Layer norm, or RMS norm where there is no mean to note.</summary>
    internal static void Norm(float* x, float* gamma, float* beta, float* y, float* mean, float* rstd, int rows,
        int columns, float epsilon)
    {
        if (mean == null) RmsNorm(x, gamma, y, rstd, rows, columns, epsilon);
        else LayerNorm(x, gamma, beta, y, mean, rstd, rows, columns, epsilon);
    }

    /// <summary>y = x · rstd · gamma; 1/√(mean square + ε) per row is noted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNorm(float* x, float* gamma, float* y, float* rstd, int rows, int columns, float epsilon)
    {
        int whole = columns / V.Count * V.Count, left = columns - whole;
        for (int r = 0; r < rows; r++, x += columns, y += columns)
        {
            V squares = V.Zero;
            for (int i = 0; i < whole; i += V.Count)
            {
                V value = V.Load(x + i);
                squares = V.Fma(value, value, squares);
            }

            float square = V.Sum(squares);
            for (int i = whole; i < columns; i++) square += x[i] * x[i];
            rstd[r] = 1 / MathF.Sqrt(square / columns + epsilon);

            V factor = V.Broadcast(rstd[r]);
            for (int i = 0; i < whole; i += V.Count) V.Store(y + i, V.Load(x + i) * factor * V.Load(gamma + i));
            if (left > 0)
                V.StorePartial(y + whole,
                    V.LoadPartial(x + whole, left) * factor * V.LoadPartial(gamma + whole, left), left);
        }
    }

    /// <summary>y = (x − mean) · rstd · gamma + beta; mean and 1/√(variance + ε) per row are noted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LayerNorm(float* x, float* gamma, float* beta, float* y, float* mean, float* rstd, int rows,
        int columns, float epsilon)
    {
        int whole = columns / V.Count * V.Count, left = columns - whole;
        for (int r = 0; r < rows; r++, x += columns, y += columns)
        {
            V sum = V.Zero;
            for (int i = 0; i < whole; i += V.Count) sum += V.Load(x + i);
            if (left > 0) sum += V.LoadPartial(x + whole, left);
            float average = V.Sum(sum) / columns;

            V center = V.Broadcast(average), squares = V.Zero;
            for (int i = 0; i < whole; i += V.Count)
            {
                V d = V.Load(x + i) - center;
                squares = V.Fma(d, d, squares);
            }

            float square = V.Sum(squares);
            for (int i = whole; i < columns; i++) square += (x[i] - average) * (x[i] - average);
            float inverse = 1 / MathF.Sqrt(square / columns + epsilon);
            (mean[r], rstd[r]) = (average, inverse);

            V factor = V.Broadcast(inverse);
            for (int i = 0; i < whole; i += V.Count)
                V.Store(y + i, V.Fma((V.Load(x + i) - center) * factor, V.Load(gamma + i), V.Load(beta + i)));
            if (left > 0)
                V.StorePartial(y + whole, V.Fma(
                    (V.LoadPartial(x + whole, left) - center) * factor, V.LoadPartial(gamma + whole, left),
                    V.LoadPartial(beta + whole, left)), left);
        }
    }

    /// <summary>The same on a packed panel, in place, from noted statistics; without means and shifts RMS
    /// norm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void NormalizePanel(float* panel, int width, int valid, float* gamma, float* beta, float* mean,
        float* rstd, int rows)
    {
        for (int j = 0; j < valid; j += V.Count)
        {
            int lanes = Math.Min(V.Count, valid - j);
            V scale = V.LoadPartial(gamma + j, lanes);
            float* p = panel + j;
            if (mean == null)
            {
                for (int r = 0; r < rows; r++, p += width) V.Store(p, V.Load(p) * V.Broadcast(rstd[r]) * scale);
                continue;
            }

            V shift = V.LoadPartial(beta + j, lanes);
            for (int r = 0; r < rows; r++, p += width)
                V.Store(p, V.Fma((V.Load(p) - V.Broadcast(mean[r])) * V.Broadcast(rstd[r]), scale, shift));
        }
    }

    /// <summary>
    /// dx (+)= rstd · (g − mean(g) − x̂ · mean(g · x̂)) with g = dy · gamma and x̂ the normalised row; dgamma += Σ dy ·
    /// x̂ and dbeta += Σ dy over these rows. Null where nobody wants it (dgamma and dbeta together). RMS norm has no
    /// means: x̂ = x · rstd, and mean(g) is left out.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void LayerNormBackward(
        float* x, float* gamma, float* mean, float* rstd, float* dy, float* dx, bool accumulate, float* dgamma,
        float* dbeta, int rows, int columns)
    {
        for (int r = 0; r < rows; r++, x += columns, dy += columns, dx += dx == null ? 0 : columns)
        {
            V center = mean == null ? V.Zero : V.Broadcast(mean[r]), factor = V.Broadcast(rstd[r]), sum = V.Zero,
                dot = V.Zero;
            for (int i = 0; i < columns; i += V.Count)
            {
                int lanes = Math.Min(V.Count, columns - i);
                bool full = lanes == V.Count;
                V d = full ? V.Load(dy + i) : V.LoadPartial(dy + i, lanes);
                V normal = ((full ? V.Load(x + i) : V.LoadPartial(x + i, lanes)) - center) * factor;
                V g = d * (full ? V.Load(gamma + i) : V.LoadPartial(gamma + i, lanes));
                sum += g;
                dot = V.Fma(g, normal, dot);
                if (dgamma == null) continue;
                if (full)
                {
                    V.Store(dgamma + i, V.Fma(d, normal, V.Load(dgamma + i)));
                    V.Store(dbeta + i, V.Load(dbeta + i) + d);
                }
                else
                {
                    V.StorePartial(dgamma + i, V.Fma(d, normal, V.LoadPartial(dgamma + i, lanes)), lanes);
                    V.StorePartial(dbeta + i, V.LoadPartial(dbeta + i, lanes) + d, lanes);
                }
            }

            if (dx == null) continue;
            V meanG = mean == null ? V.Zero : V.Broadcast(V.Sum(sum) / columns),
                meanDot = V.Broadcast(V.Sum(dot) / columns);
            for (int i = 0; i < columns; i += V.Count)
            {
                int lanes = Math.Min(V.Count, columns - i);
                bool full = lanes == V.Count;
                V g = full ? V.Load(dy + i) * V.Load(gamma + i)
                    : V.LoadPartial(dy + i, lanes) * V.LoadPartial(gamma + i, lanes);
                V normal = ((full ? V.Load(x + i) : V.LoadPartial(x + i, lanes)) - center) * factor;
                V gradient = factor * (g - meanG - normal * meanDot);
                if (accumulate) gradient += full ? V.Load(dx + i) : V.LoadPartial(dx + i, lanes);
                if (full) V.Store(dx + i, gradient);
                else V.StorePartial(dx + i, gradient, lanes);
            }
        }
    }

    /// <summary>Largest element of a row; −∞ when empty, NaN if one is there.</summary>
    internal static float Max(float* x, int columns)
    {
        V largest = V.Broadcast(float.NegativeInfinity);
        int i = 0;
        for (; i + V.Count <= columns; i += V.Count) largest = V.Max(largest, V.Load(x + i));
        float max = V.MaxAcross(largest);
        for (; i < columns; i++) max = MathF.Max(max, x[i]);
        return max;
    }

    /// <summary>
    /// log Σ eˣ of a row in two parts, to be subtracted one after the other: beside a huge largest element the
    /// logarithm of the sum relative to it would be rounded away.
    /// </summary>
    internal static (float Max, float LogSum) LogSumExp(float* x, int columns)
    {
        float max = Max(x, columns);
        V shift = V.Broadcast(max), sum = V.Zero;
        int i = 0;
        for (; i + V.Count <= columns; i += V.Count) sum += VectorMath<V>.Exp(V.Load(x + i) - shift);
        float total = V.Sum(sum);
        for (; i < columns; i++) total += MathF.Exp(x[i] - max);
        return (max, MathF.Log(total));
    }

    /// <summary>y = softmax(x) or its logarithm, one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Softmax(float* x, float* y, int columns, bool logarithm)
    {
        (float max, float logSum) = logarithm ? LogSumExp(x, columns) : (Max(x, columns), 0);
        V shift = V.Broadcast(max), second = V.Broadcast(logSum), sum = V.Zero;
        int i = 0;
        for (; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            V value = V.LoadPartial(x + i, lanes) - shift;
            value = logarithm ? value - second : VectorMath<V>.Exp(value);
            V.StorePartial(y + i, value, lanes);
            if (!logarithm) sum += V.LoadPartial(y + i, lanes);
        }

        if (logarithm) return;
        V factor = V.Broadcast(1 / V.Sum(sum));
        for (i = 0; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            V.StorePartial(y + i, V.LoadPartial(y + i, lanes) * factor, lanes);
        }
    }

    /// <summary>dx (+)= y (dy − Σ dy y), or for the logarithm dy − eʸ Σ dy, one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SoftmaxBackward(float* y, float* dy, float* dx, int columns, bool logarithm, bool accumulate)
    {
        V sum = V.Zero;
        for (int i = 0; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            V d = V.LoadPartial(dy + i, lanes);
            sum += logarithm ? d : d * V.LoadPartial(y + i, lanes);
        }

        V total = V.Broadcast(V.Sum(sum));
        for (int i = 0; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            V d = V.LoadPartial(dy + i, lanes), value = V.LoadPartial(y + i, lanes);
            V gradient = logarithm ? d - VectorMath<V>.Exp(value) * total : value * (d - total);
            if (accumulate) gradient += V.LoadPartial(dx + i, lanes);
            V.StorePartial(dx + i, gradient, lanes);
        }
    }

    /// <summary>sums += each column over some rows, which lie <paramref name="stride"/> elements apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddColumns(float* x, nint stride, float* sums, int rows, int columns)
    {
        int i = 0;
        for (; i + 4 * V.Count <= columns; i += 4 * V.Count)
        {
            float* p = x + i;
            V s0 = V.Load(sums + i), s1 = V.Load(sums + i + V.Count), s2 = V.Load(sums + i + 2 * V.Count),
                s3 = V.Load(sums + i + 3 * V.Count);
            for (int r = 0; r < rows; r++, p += stride)
            {
                s0 += V.Load(p);
                s1 += V.Load(p + V.Count);
                s2 += V.Load(p + 2 * V.Count);
                s3 += V.Load(p + 3 * V.Count);
            }

            V.Store(sums + i, s0);
            V.Store(sums + i + V.Count, s1);
            V.Store(sums + i + 2 * V.Count, s2);
            V.Store(sums + i + 3 * V.Count, s3);
        }

        for (; i < columns; i += V.Count)
        {
            int lanes = Math.Min(V.Count, columns - i);
            V sum = V.LoadPartial(sums + i, lanes);
            for (int r = 0; r < rows; r++) sum += V.LoadPartial(x + r * stride + i, lanes);
            V.StorePartial(sums + i, sum, lanes);
        }
    }
}
