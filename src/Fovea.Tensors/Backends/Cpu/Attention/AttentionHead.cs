using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Softmax attention of one head of one sequence, tiled: scores exist for a tile of queries and a range of keys at a
/// time (Dao et al. 2022, "FlashAttention", arXiv:2205.14135). Scores are kept in units of log 2, so that the
/// exponential is a power of two.
/// </summary>
/// <remarks>With tiles of pairs, operands of all products are rounded to bfloat16; probabilities, their sums and what
/// is made of them stay in single precision. Relations between tokens go with single precision only.</remarks>
internal readonly unsafe struct AttentionHead<V, TTiles>
    where V : struct, ISimd<V>
    where TTiles : struct, ITiles
{
    private const int KeysAtOnce = 512;   // a tile of 12 queries then has 24 KiB of scores
    private const float Log2E = 1.44269504f;
    private const float SmallScore = 90;   // in units of log 2: sums of 2⁹⁰ and parts of 2⁻⁹⁰ are far from the ends

    private readonly AttentionArguments _a;
    private readonly RelativeScores<V> _relative;
    private readonly int _batch, _head;
    private readonly float* _q, _k, _v;
    private readonly nint _toNextQ, _toNextK, _toNextV, _toNextResult;

    /// <param name="arguments">Sizes and inputs.</param>
    /// <param name="index">Which head of which sequence.</param>
    /// <param name="next">The one that this thread computes next; its tokens are asked for on the way.</param>
    internal AttentionHead(in AttentionArguments arguments, int index, int next)
    {
        _a = arguments;
        _relative = new(arguments, index);
        (_batch, _head) = (index / arguments.Heads, index % arguments.Heads);
        _q = At(_a.Q, _a.Queries);
        _k = At(_a.K, _a.Keys);
        _v = At(_a.V, _a.Keys);
        nint sequences = next / _a.Heads - _batch, heads = (next % _a.Heads - _head) * _a.HeadDim;
        _toNextQ = sequences * _a.Queries * _a.Q.Stride + heads;
        _toNextK = sequences * _a.Keys * _a.K.Stride + heads;
        _toNextV = sequences * _a.Keys * _a.V.Stride + heads;
        _toNextResult = sequences * _a.Queries * Width + heads;
    }

    /// <summary>Elements of one token's result: heads · headDim.</summary>
    private int Width => _a.Heads * _a.HeadDim;

    private static bool IsOfPairs => TTiles.Element == Element.Pair;

    private nint YOffset => (nint)_batch * _a.Queries * Width + _head * _a.HeadDim;

    private nint SumsOffset => (nint)(_batch * _a.Heads + _head) * _a.Queries;

    private float* At(in HeadView view, int tokens) => CpuStorage.At(view, _batch, tokens, _head, _a.HeadDim);

    /// <summary>
    /// Asks for one token of the next head in an array that lies as <paramref name="here"/> does: short runs, too
    /// scattered for the hardware to foresee. Called along with the work on each token, because a burst of such
    /// requests would stall.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prefetch(float* here, nint toNext)
    {
        for (int i = 0; i < _a.HeadDim; i += 16) V.Prefetch(here + toNext + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PrefetchInputs(int token)
    {
        Prefetch(_q + (nint)token * _a.Q.Stride, _toNextQ);
        if (token >= _a.Keys) return;
        Prefetch(_k + (nint)token * _a.K.Stride, _toNextK);
        Prefetch(_v + (nint)token * _a.V.Stride, _toNextV);
    }

    /// <summary>Results and log-sums of <paramref name="count"/> queries from <paramref name="first"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Forward(float* y, float* logSums, int first, int count)
    {
        int n = _a.Keys, d = _a.HeadDim, padded = Panels<V>.Padded(Math.Min(n, KeysAtOnce)),
            paddedDim = Panels<V>.Padded(d);
        using Scratch scratch = Scratch.Begin();
        float* keys = scratch.Floats(padded * d), values = scratch.Floats(padded * paddedDim);
        float* scores = scratch.Floats(V.TileRows * padded);
        float* queries = IsOfPairs ? scratch.Floats(V.TileRows * Operands<V, TTiles>.Steps(d)) : null;
        // Per query: largest score so far, sum of powers relative to it, and the unnormalised result.
        float* state = scratch.Floats(count * (2 + paddedDim));
        float* largest = state, sums = state + count, results = state + 2 * count;
        new Span<float>(largest, count).Fill(float.NegativeInfinity);
        new Span<float>(sums, count).Clear();
        // the first keys of a query may be hidden
        if (_relative.IsPresent) new Span<float>(results, count * paddedDim).Clear();

        float most = _relative.IsPresent ? 0 : LimitOfNorms();
        KeyRun* runs = stackalloc KeyRun[2];
        for (int key = 0; key < n; key += KeysAtOnce)
        {
            int range = Math.Min(KeysAtOnce, n - key);
            Operands<V, TTiles>.PackAllTransposed(_k + key * (nint)_a.K.Stride, _a.K.Stride, d, range, keys);
            Operands<V, TTiles>.PackAll(_v + key * (nint)_a.V.Stride, _a.V.Stride, range, d, values);
            for (int row = 0; row < count; row += V.TileRows)
            {
                int rows = Math.Min(V.TileRows, count - row);
                if (key == 0)
                    for (int r = first + row; r < first + row + rows; r++) PrefetchInputs(r);
                Tile tile = new(first + row, rows, largest + row, sums + row, results + row * paddedDim);
                if (!_relative.IsPresent)
                {
                    if (AreSmall(first + row, rows, most))
                        ForwardSmall(tile, keys, values, queries, scores, range, key == 0);
                    else Forward(tile, keys, values, queries, scores, key, new(0, range), range, key == 0);
                    continue;
                }

                int runCount = _relative.Runs(first + row, rows, key, key + range, runs);
                for (int run = 0; run < runCount; run++)
                    Forward(tile, keys, values, queries, scores, key, runs[run], range, fresh: false);
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

    /// <summary>|q| below which no score leaves ±<see cref="SmallScore"/>: |q·k| ≤ |q| |k|.</summary>
    private float LimitOfNorms()
    {
        float largest = 0;
        for (int i = 0; i < _a.Keys; i++)
        {
            float* k = _k + i * (nint)_a.K.Stride;
            largest = MathF.Max(largest, Dot(k, k, _a.HeadDim));   // NaN stays, and then no query is small
        }

        return SmallScore / (MathF.Abs(_a.Scale) * Log2E * MathF.Sqrt(largest));
    }

    private bool AreSmall(int first, int rows, float most)
    {
        for (int r = first; r < first + rows; r++)
        {
            float* q = _q + (nint)r * _a.Q.Stride;
            if (!(Dot(q, q, _a.HeadDim) <= most * most)) return false;
        }

        return true;
    }

    /// <summary>As the other, where no score can be large: nothing needs to be subtracted from the exponents.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ForwardSmall(in Tile tile, float* keys, float* values, float* queries, float* powers, int range,
        bool fresh)
    {
        int d = _a.HeadDim, padded = Panels<V>.Padded(range), paddedDim = Panels<V>.Padded(d);
        float* sums = stackalloc float[V.TileRows];
        float* q = Operands<V, TTiles>.Rows(_q + (nint)tile.First * _a.Q.Stride, _a.Q.Stride, tile.Rows, d, queries,
            out nint qRow);
        float unit = _a.Scale * Log2E;
        if (IsOfPairs)
            PairScores<V, TTiles>.Powers(q, qRow, tile.Rows, keys, range, d, unit, powers, padded, sums);
        else ScoreTiles<V>.Powers(q, qRow, tile.Rows, keys, range, d, unit, powers, padded, sums);
        for (int r = 0; r < tile.Rows; r++)
        {
            tile.Largest[r] = 0;
            tile.Sums[r] = fresh ? sums[r] : tile.Sums[r] + sums[r];
        }

        Block<V, TTiles>.Multiply(powers, padded, 1, tile.Rows, values, d, Operands<V, TTiles>.Steps(range),
            new((nint)tile.Results, paddedDim, fresh ? 0 : (nint)tile.Results, paddedDim, Padded: true));
    }

    /// <summary>A tile of queries over a run of the packed keys from <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Forward(in Tile tile, float* keys, float* values, float* queries, float* scores, int key, KeyRun run,
        int range, bool fresh)
    {
        int count = run.To - run.From, padded = Panels<V>.Padded(count), d = _a.HeadDim,
            paddedDim = Panels<V>.Padded(d);
        float* q = Operands<V, TTiles>.Rows(_q + (nint)tile.First * _a.Q.Stride, _a.Q.Stride, tile.Rows, d, queries,
            out nint qStride);
        Block<V, TTiles>.Multiply(
            q, qStride, 1, tile.Rows, keys + run.From * d, count, Operands<V, TTiles>.Steps(d),
            new((nint)scores, padded, Padded: true));
        float unit = _a.Scale * Log2E;
        if (_relative.IsPresent)
        {
            for (int r = 0; r < tile.Rows; r++)
                _relative.Apply(scores + r * padded, tile.First + r, key + run.From, key + run.To);
            unit = Log2E;
        }

        Exponentiate(scores, tile.Rows, count, padded, unit, tile.Largest, tile.Sums, tile.Results, paddedDim, fresh);
        float* powers = Operands<V, TTiles>.Rows(scores, padded, tile.Rows, count, scores, out nint powersStride);
        Block<V, TTiles>.Multiply(
            powers, powersStride, 1, tile.Rows, values, d, Operands<V, TTiles>.Steps(count),
            new((nint)tile.Results, paddedDim, fresh ? 0 : (nint)tile.Results, paddedDim, Padded: true),
            Operands<V, TTiles>.Steps(range), run.From);
    }

    /// <summary>
    /// Turns rows of scores into powers 2^(unit · score − largest), after raising each row's <paramref name="largest"/>
    /// and shrinking what was summed before (the online softmax of Milakov and Gimelshein 2018, arXiv:1805.02867).
    /// Padding becomes 0. All peaks come first: the rows' chains of dependent steps then overlap.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exponentiate(
        float* scores, int rows, int count, int padded, float unit, float* largest, float* sums, float* results,
        int resultRow, bool first)
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
            factors[r] = first || float.IsNegativeInfinity(before) ? 0 : MathF.Exp((before - peak) / Log2E);
            largest[r] = peak;
        }

        V scale = V.Broadcast(unit);
        for (int r = 0; r < rows; r++)
        {
            float* row = scores + r * padded;
            // all hidden so far: what is summed will be forgotten
            V shift = V.Broadcast(float.IsNegativeInfinity(largest[r]) ? 0 : -largest[r]);
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
    /// With P the probabilities, dP = dy vᵀ and D_i = Σ y_i dy_i: dS = P ∘ (dP − D), dq = scale dS k, dk = scale dSᵀ q,
    /// dv = Pᵀ dy. P is recomputed from the log-sums, a block of queries at a time.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Backward(float* y, float* logSums, float* dy, in AttentionGradients gradients)
    {
        int n = _a.Keys, d = _a.HeadDim, padded = Panels<V>.Padded(n), paddedDim = Panels<V>.Padded(d);
        int block = QueriesAtOnce(_a.Queries, n);
        using Scratch scratch = Scratch.Begin();
        float* packed = scratch.Floats(2 * padded * d + padded * paddedDim);
        float* keysT = packed, valuesT = packed + padded * d, keys = packed + 2 * padded * d;
        float* rightSides = scratch.Floats(2 * block * paddedDim);
        float* powers = scratch.Floats(block * padded), slopes = scratch.Floats(block * padded);
        // In pairs: rows of q and of dy, and the slopes' columns, whose rows are needed, too.
        float* left = IsOfPairs ? scratch.Floats(2 * block * Operands<V, TTiles>.Steps(d)) : null;
        float* across = IsOfPairs ? scratch.Floats(Operands<V, TTiles>.Steps(block) * padded) : null;
        Operands<V, TTiles>.PackAllTransposed(_k, _a.K.Stride, d, n, keysT);
        Operands<V, TTiles>.PackAllTransposed(_v, _a.V.Stride, d, n, valuesT);
        Operands<V, TTiles>.PackAll(_k, _a.K.Stride, n, d, keys);
        y += YOffset;
        dy += YOffset;
        (nint qStride, nint kStride, nint vStride) = (gradients.Q.View.Stride, gradients.K.View.Stride,
            gradients.V.View.Stride);
        float* dq = At(gradients.Q.View, _a.Queries), dk = At(gradients.K.View, n), dv = At(gradients.V.View, n);
        bool addK = gradients.K.Accumulate, addV = gradients.V.Accumulate;
        if (_relative.IsPresent)
        {
            // Keys may be hidden from the first queries, so there is no first addition.
            if (!addK) Clear(dk, kStride, n);
            if (!addV) Clear(dv, vStride, n);
            (addK, addV) = (true, true);
        }

        KeyRun* runs = stackalloc KeyRun[2];
        for (int first = 0; first < _a.Queries; first += block)
        {
            int count = Math.Min(block, _a.Queries - first), runCount = 1;
            runs[0] = new(0, n);
            if (_relative.IsPresent) runCount = _relative.Runs(first, count, 0, n, runs);
            float* q = _q + (nint)first * _a.Q.Stride, dyBlock = dy + (nint)first * Width,
                dqBlock = dq + first * qStride;
            Operands<V, TTiles>.PackAll(dyBlock, Width, count, d, rightSides);
            Operands<V, TTiles>.PackAll(q, _a.Q.Stride, count, d, rightSides + block * paddedDim);
            float* qRows = Operands<V, TTiles>.Rows(q, _a.Q.Stride, count, d, left, out nint qRow);
            float* dyRows = Operands<V, TTiles>.Rows(dyBlock, Width, count, d,
                left + block * Operands<V, TTiles>.Steps(d), out nint dyRow);
            int steps = Operands<V, TTiles>.Steps(d), querySteps = Operands<V, TTiles>.Steps(count);
            bool addQ = gradients.Q.Accumulate;
            for (int run = 0; run < runCount; run++)
            {
                (int from, int to) = runs[run];
                int length = to - from;
                float* p = powers + from, ds = slopes + from;
                if (!_relative.IsPresent)
                {
                    DifferentiateInRegisters(first, count, qRows, qRow, dyBlock, dyRows, dyRow, keysT, valuesT, p, ds,
                        padded, y, logSums);
                    for (int query = first; query < first + count; query++)
                        PrefetchNext(query, dy + (nint)query * Width, y + (nint)query * Width, dq, qStride, dk, kStride,
                            dv, vStride);
                }
                else
                {
                    Block<V, TTiles>.Multiply(qRows, qRow, 1, count, keysT + from * d, length, steps,
                        new((nint)p, padded, Padded: true));
                    Block<V, TTiles>.Multiply(dyRows, dyRow, 1, count, valuesT + from * d, length, steps,
                        new((nint)ds, padded, Padded: true));
                    for (int r = 0; r < count; r++)
                    {
                        int query = first + r;
                        if (run == 0)
                            PrefetchNext(query, dyBlock + (nint)r * Width, y + (nint)query * Width, dq, qStride, dk,
                                kStride, dv, vStride);
                        float logSum = logSums[SumsOffset + query],
                            dot = Dot(y + (nint)query * Width, dyBlock + (nint)r * Width, d);
                        DifferentiateRelative(p + r * padded, ds + r * padded, query, from, to, logSum, dot, gradients);
                    }
                }

                float* dvRun = dv + from * vStride, dkRun = dk + from * kStride;
                float* columns = Operands<V, TTiles>.Columns(p, padded, count, length, p);
                Block<V, TTiles>.Multiply(columns, 1, padded, length, rightSides, d, querySteps,
                    new((nint)dvRun, vStride, addV ? (nint)dvRun : 0, vStride));
                columns = Operands<V, TTiles>.Columns(ds, padded, count, length, across);
                Block<V, TTiles>.Multiply(columns, 1, padded, length, rightSides + block * paddedDim, d, querySteps,
                    new((nint)dkRun, kStride, addK ? (nint)dkRun : 0, kStride));
                float* dsRows = Operands<V, TTiles>.Rows(ds, padded, count, length, ds, out nint dsRow);
                Block<V, TTiles>.Multiply(dsRows, dsRow, 1, count, keys, d, Operands<V, TTiles>.Steps(length),
                    new((nint)dqBlock, qStride, addQ ? (nint)dqBlock : 0, qStride), Operands<V, TTiles>.Steps(n), from);
                addQ = true;
            }

            (addK, addV) = (true, true);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PrefetchNext(int query, float* dy, float* y, float* dq, nint qStride, float* dk, nint kStride,
        float* dv, nint vStride)
    {
        PrefetchInputs(query);
        Prefetch(dy, _toNextResult);
        Prefetch(y, _toNextResult);
        Prefetch(dq + query * qStride, _toNextQ);
        if (query >= _a.Keys) return;
        Prefetch(dk + query * kStride, _toNextK);
        Prefetch(dv + query * vStride, _toNextV);
    }

    /// <summary>P and dS of some queries and all keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DifferentiateInRegisters(int first, int count, float* q, nint qRow, float* dy, float* rows,
        nint rowsStride, float* keysT, float* valuesT, float* p, float* ds, int padded, float* y, float* logSums)
    {
        float* shifts = stackalloc float[2 * count], dots = shifts + count;
        for (int r = 0; r < count; r++)
        {
            shifts[r] = -logSums[SumsOffset + first + r] * Log2E;
            dots[r] = Dot(y + (nint)(first + r) * Width, dy + r * Width, _a.HeadDim);
        }

        SlopeArguments of = new(_a.Scale * Log2E, _a.Scale, (nint)shifts, (nint)dots);
        if (IsOfPairs)
            PairScores<V, TTiles>.Differentiate(q, qRow, rows, rowsStride, count, keysT, valuesT, _a.Keys, _a.HeadDim,
                of, p, ds, padded);
        else
            ScoreTiles<V>.Differentiate(q, qRow, rows, rowsStride, count, keysT, valuesT, _a.Keys, _a.HeadDim, of, p,
                ds, padded);
    }

    /// <summary>One row of scores under a relation, with biases and hidden keys: they become probabilities, and
    /// gradients of those become gradients of q·k.</summary>
    private void DifferentiateRelative(
        float* scores, float* slopes, int query, int from, int to, float logSum, float dot,
        in AttentionGradients gradients)
    {
        int length = to - from, padded = Panels<V>.Padded(length);
        _relative.Apply(scores, query, from, to);
        V exponent = V.Broadcast(Log2E), shift = V.Broadcast(-logSum * Log2E), center = V.Broadcast(dot),
            scale = V.Broadcast(_a.Scale);
        V hidden = V.Broadcast(float.MinValue);
        for (int i = 0; i < padded; i += V.Count)
        {
            V score = V.Load(scores + i);
            V probability = V.SelectGreaterOrEqual(score, hidden, VectorMath<V>.Exp2(V.Fma(score, exponent, shift)),
                V.Zero);
            V.Store(scores + i, probability);
            V.Store(slopes + i, probability * (V.Load(slopes + i) - center));
        }

        for (int i = length; i < padded; i++) scores[i] = slopes[i] = 0;
        _relative.AddGradients(slopes, query, from, to, gradients);
        for (int i = 0; i < padded; i += V.Count) V.Store(slopes + i, V.Load(slopes + i) * scale);
    }

    /// <summary>Queries of a block: two score matrices of it stay in the second-level cache, and the last block is not
    /// much smaller.</summary>
    private static int QueriesAtOnce(int queries, int keys)
    {
        int fitting = Math.Clamp(32768 / Math.Max(1, keys), 2 * V.TileRows, 128),
            blocks = (queries + fitting - 1) / fitting;
        int even = (queries + blocks - 1) / Math.Max(1, blocks);
        return Math.Max(1, (even + V.TileRows - 1) / V.TileRows * V.TileRows);
    }

    private void Clear(float* vectors, nint stride, int tokens)
    {
        for (int i = 0; i < tokens; i++) new Span<float>(vectors + i * stride, _a.HeadDim).Clear();
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

    /// <summary>Queries that are computed together, and what is known of each so far.</summary>
    private readonly record struct Tile(int First, int Rows, nint LargestAt, nint SumsAt, nint ResultsAt)
    {
        internal Tile(int first, int rows, float* largest, float* sums, float* results)
            : this(first, rows, (nint)largest, (nint)sums, (nint)results)
        {
        }

        internal float* Largest => (float*)LargestAt;

        internal float* Sums => (float*)SumsAt;

        internal float* Results => (float*)ResultsAt;
    }
}
