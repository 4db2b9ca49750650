using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Softmax attention of one head of one sequence, tiled: scores exist for a tile of queries and a range of keys at a time (Dao et al. 2022,
/// "FlashAttention", arXiv:2205.14135). Scores are kept in units of log 2, so that the exponential is a power of two.
/// </summary>
internal readonly unsafe struct AttentionHead<V>
    where V : struct, ISimd<V>
{
    private const int KeysSlot = 3, ValuesSlot = 4, ScoresSlot = 5, GradientsSlot = 6, SumsSlot = 7;
    private const int KeysAtOnce = 512;   // a tile of 12 queries then has 24 KiB of scores
    private const float Log2E = 1.44269504f;

    private readonly AttentionArguments _a;
    private readonly int _batch, _head;
    private readonly float* _q, _k, _v;
    private readonly nint _toNext, _toNextResult;

    /// <param name="arguments">Sizes.</param>
    /// <param name="qkv">Packed projections of all heads.</param>
    /// <param name="index">Which head of which sequence.</param>
    /// <param name="next">The one that this thread computes next; its tokens are asked for on the way.</param>
    internal AttentionHead(in AttentionArguments arguments, float* qkv, int index, int next)
    {
        _a = arguments;
        (_batch, _head) = (index / arguments.Heads, index % arguments.Heads);
        _q = qkv + QkvOffset;
        _k = _q + Width;
        _v = _k + Width;
        nint sequences = next / _a.Heads - _batch, heads = next % _a.Heads - _head;
        _toNext = sequences * _a.Tokens * Stride + heads * _a.HeadDim;
        _toNextResult = sequences * _a.Tokens * Width + heads * _a.HeadDim;
    }

    /// <summary>Elements of one token's result: heads · headDim.</summary>
    private int Width => _a.Heads * _a.HeadDim;

    /// <summary>Elements from one token's q, k, v to the next one's.</summary>
    private nint Stride => 3 * Width;

    private nint QkvOffset => _batch * _a.Tokens * Stride + _head * _a.HeadDim;

    private nint YOffset => (nint)_batch * _a.Tokens * Width + _head * _a.HeadDim;

    private nint SumsOffset => (nint)(_batch * _a.Heads + _head) * _a.Tokens;

    /// <summary>
    /// Asks for one token of the next head in an array that lies as <paramref name="here"/> does: short runs, too scattered for the hardware to
    /// foresee. Called along with the work on each token, because a burst of such requests would stall.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prefetch(float* here, nint toNext)
    {
        for (int i = 0; i < _a.HeadDim; i += 16) V.Prefetch(here + toNext + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PrefetchQkv(float* q)
    {
        Prefetch(q, _toNext);
        Prefetch(q + Width, _toNext);
        Prefetch(q + 2 * Width, _toNext);
    }

    /// <summary>Results and log-sums of <paramref name="count"/> queries from <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Forward(float* y, float* logSums, int first, int count)
    {
        int n = _a.Tokens, d = _a.HeadDim, padded = Panels<V>.Padded(Math.Min(n, KeysAtOnce)), paddedDim = Panels<V>.Padded(d);
        float* keys = Scratch.Floats(KeysSlot, padded * d), values = Scratch.Floats(ValuesSlot, padded * paddedDim);
        float* scores = Scratch.Floats(ScoresSlot, V.TileRows * padded);
        // Per query: largest score so far, sum of powers relative to it, and the unnormalised result.
        float* state = Scratch.Floats(SumsSlot, count * (2 + paddedDim));
        float* largest = state, sums = state + count, results = state + 2 * count;
        new Span<float>(largest, count).Fill(float.NegativeInfinity);
        new Span<float>(sums, count).Clear();

        float unit = _a.Scale * Log2E;
        for (int key = 0; key < n; key += KeysAtOnce)
        {
            int range = Math.Min(KeysAtOnce, n - key), rangePadded = Panels<V>.Padded(range);
            Pack(_k + key * Stride, range, transposed: true, keys);
            Pack(_v + key * Stride, range, transposed: false, values);
            for (int row = 0; row < count; row += V.TileRows)
            {
                int rows = Math.Min(V.TileRows, count - row);
                if (key == 0)
                    for (int r = first + row; r < first + row + rows; r++) PrefetchQkv(_q + r * Stride);
                Block<V>.Multiply(_q + (first + row) * Stride, Stride, 1, rows, keys, range, d, new((nint)scores, rangePadded, Padded: true));
                Exponentiate(scores, rows, range, rangePadded, unit, largest + row, sums + row, results + row * paddedDim, paddedDim, key == 0);
                float* result = results + row * paddedDim;
                Block<V>.Multiply(scores, rangePadded, 1, rows, values, d, range,
                    new((nint)result, paddedDim, key == 0 ? 0 : (nint)result, paddedDim, Padded: true));
            }
        }

        for (int i = 0; i < count; i++)
        {
            float* to = y + YOffset + (nint)(first + i) * Width, from = results + i * paddedDim;
            V factor = V.Broadcast(1 / sums[i]);
            int j = 0;
            for (; j + V.Count <= d; j += V.Count) V.Store(to + j, V.Load(from + j) * factor);
            if (j < d) V.StorePartial(to + j, V.Load(from + j) * factor, d - j);
            logSums[SumsOffset + first + i] = (largest[i] + MathF.Log2(sums[i])) / Log2E;
        }
    }

    /// <summary>
    /// Turns rows of scores into powers 2^(unit · score − largest), after raising each row's <paramref name="largest"/> and shrinking what was
    /// summed before (the online softmax of Milakov and Gimelshein 2018, arXiv:1805.02867). Padding becomes 0. All peaks come first: the
    /// rows' chains of dependent steps then overlap.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exponentiate(
        float* scores, int rows, int count, int padded, float unit, float* largest, float* sums, float* results, int resultRow, bool first)
    {
        float* edge = stackalloc float[V.Count];   // added to the last vector: −∞ where there is no key
        for (int i = 0; i < V.Count; i++) edge[i] = padded - V.Count + i < count ? 0 : float.NegativeInfinity;
        V padding = V.Load(edge);
        int last = padded - V.Count;
        float* factors = stackalloc float[V.TileRows];
        for (int r = 0; r < rows; r++)
        {
            float* row = scores + r * padded;
            V max = V.Load(row + last) + padding;
            for (int i = 0; i < last; i += V.Count) max = V.Max(max, V.Load(row + i));
            float rowMax = V.MaxAcross(max) * unit, before = largest[r], peak = rowMax > before ? rowMax : before;
            factors[r] = first ? 0 : MathF.Exp((before - peak) / Log2E);
            largest[r] = peak;
        }

        V scale = V.Broadcast(unit);
        for (int r = 0; r < rows; r++)
        {
            float* row = scores + r * padded;
            V shift = V.Broadcast(-largest[r]);
            V total = VectorMath<V>.Exp2(V.Fma(V.Load(row + last) + padding, scale, shift));
            V.Store(row + last, total);
            for (int i = 0; i < last; i += V.Count)
            {
                V power = VectorMath<V>.Exp2(V.Fma(V.Load(row + i), scale, shift));
                V.Store(row + i, power);
                total += power;
            }

            sums[r] = (first ? 0 : sums[r] * factors[r]) + V.Sum(total);
            if (first) continue;
            V factor = V.Broadcast(factors[r]);
            float* result = results + r * resultRow;
            for (int i = 0; i < resultRow; i += V.Count) V.Store(result + i, V.Load(result + i) * factor);
        }
    }

    /// <summary>
    /// With P the probabilities, dP = dy vᵀ and D_i = Σ y_i dy_i: dS = P ∘ (dP − D) · scale, dq = dS k, dk = dSᵀ q, dv = Pᵀ dy. P is recomputed from the
    /// log-sums, a block of queries at a time.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Backward(float* y, float* logSums, float* dy, float* dqkv, bool accumulate)
    {
        int n = _a.Tokens, d = _a.HeadDim, padded = Panels<V>.Padded(n), paddedDim = Panels<V>.Padded(d);
        int block = QueriesAtOnce(n);
        float* packed = Scratch.Floats(KeysSlot, 2 * padded * d + padded * paddedDim);
        float* keysT = packed, valuesT = packed + padded * d, keys = packed + 2 * padded * d;
        float* rightSides = Scratch.Floats(ValuesSlot, 2 * block * paddedDim);
        float* powers = Scratch.Floats(ScoresSlot, block * padded), gradients = Scratch.Floats(GradientsSlot, block * padded);
        Pack(_k, n, transposed: true, keysT);
        Pack(_v, n, transposed: true, valuesT);
        Pack(_k, n, transposed: false, keys);
        y += YOffset;
        dy += YOffset;
        float* dq = dqkv + QkvOffset, dk = dq + Width, dv = dk + Width;
        for (int first = 0; first < n; first += block)
        {
            int count = Math.Min(block, n - first);
            float* q = _q + first * Stride, dyBlock = dy + (nint)first * Width;
            Block<V>.Multiply(q, Stride, 1, count, keysT, n, d, new((nint)powers, padded, Padded: true));
            Block<V>.Multiply(dyBlock, Width, 1, count, valuesT, n, d, new((nint)gradients, padded, Padded: true));
            for (int r = 0; r < count; r++)
            {
                PrefetchQkv(q + r * Stride);
                PrefetchQkv(dq + (first + r) * Stride);
                Prefetch(dyBlock + (nint)r * Width, _toNextResult);
                Prefetch(y + (nint)(first + r) * Width, _toNextResult);
                Differentiate(powers + r * padded, gradients + r * padded, n, padded, _a.Scale, logSums[SumsOffset + first + r],
                    Dot(y + (nint)(first + r) * Width, dyBlock + (nint)r * Width, d));
            }

            bool add = accumulate || first > 0;
            PackRows(dyBlock, Width, count, rightSides);
            Block<V>.Multiply(powers, 1, padded, n, rightSides, d, count, new((nint)dv, Stride, add ? (nint)dv : 0, Stride));
            PackRows(q, Stride, count, rightSides + block * paddedDim);
            Block<V>.Multiply(gradients, 1, padded, n, rightSides + block * paddedDim, d, count, new((nint)dk, Stride, add ? (nint)dk : 0, Stride));
            float* dqBlock = dq + first * Stride;
            Block<V>.Multiply(gradients, padded, 1, count, keys, d, n, new((nint)dqBlock, Stride, accumulate ? (nint)dqBlock : 0, Stride));
        }
    }

    /// <summary>One row: scores become probabilities, gradients of probabilities become gradients of q·k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Differentiate(float* scores, float* gradients, int count, int padded, float scale, float logSum, float dot)
    {
        V unit = V.Broadcast(scale * Log2E), shift = V.Broadcast(-logSum * Log2E), center = V.Broadcast(dot), factor = V.Broadcast(scale);
        for (int i = 0; i < padded; i += V.Count)
        {
            V probability = VectorMath<V>.Exp2(V.Fma(V.Load(scores + i), unit, shift));
            V.Store(scores + i, probability);
            V.Store(gradients + i, probability * (V.Load(gradients + i) - center) * factor);
        }

        for (int i = count; i < padded; i++) scores[i] = gradients[i] = 0;
    }

    /// <summary>Queries of a block: two score matrices of it stay in the second-level cache, and the last block is not much smaller.</summary>
    private static int QueriesAtOnce(int tokens)
    {
        int fitting = Math.Clamp(32768 / Math.Max(1, tokens), 2 * V.TileRows, 128), blocks = (tokens + fitting - 1) / fitting;
        int even = (tokens + blocks - 1) / Math.Max(1, blocks);
        return Math.Max(1, (even + V.TileRows - 1) / V.TileRows * V.TileRows);
    }

    private void Pack(float* source, int tokens, bool transposed, float* panels)
    {
        if (!transposed)
        {
            PackRows(source, Stride, tokens, panels);
            return;
        }

        for (int column = 0; column < tokens; column += Panels<V>.Width)
            Panels<V>.PackTransposed(source, Stride, _a.HeadDim, column, tokens, panels + column * _a.HeadDim);
    }

    private void PackRows(float* source, nint stride, int tokens, float* panels)
    {
        for (int column = 0; column < _a.HeadDim; column += Panels<V>.Width)
            Panels<V>.Pack(source, stride, tokens, column, _a.HeadDim, panels + column * tokens);
    }

    private static float Dot(float* a, float* b, int count)
    {
        V sum = V.Zero;
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            sum = V.Fma(V.LoadPartial(a + i, lanes), V.LoadPartial(b + i, lanes), sum);
        }

        return V.Sum(sum);
    }
}
