using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Doubly stochastic attention of one head of one sequence (Sander et al. 2022, arXiv:2110.11773), in the log domain.
/// Only the potentials of each iteration are kept; scores are recomputed a block of queries at a time, or once where
/// all of them fit into the second-level cache. Scores and potentials are in units of log 2, so that the exponential is
/// a power of two.
/// </summary>
internal unsafe struct SinkhornHead<V>
    where V : struct, ISimd<V>
{
    private const int ScoresInCache = 262144;   // 1 MiB
    private const float Log2E = 1.44269504f;

    private readonly AttentionArguments _a;
    private readonly RelativeScores<V> _relative;
    private readonly int _iterations, _n, _padded, _block, _batch, _head;
    private readonly float* _q, _k, _v, _saved, _keysT, _scores, _sums;
    private readonly bool _whole;

    /// <param name="arguments">Sizes and inputs.</param>
    /// <param name="iterations">Normalisations, odd.</param>
    /// <param name="index">Which head of which sequence.</param>
    /// <param name="potentials">Of all heads, <c>[batch, head, iteration, token]</c>.</param>
    /// <param name="scratch">Memory for scores and potentials.</param>
    internal SinkhornHead(in AttentionArguments arguments, int iterations, int index, float* potentials,
        Scratch scratch)
    {
        (_a, _iterations, _n) = (arguments, iterations, arguments.Keys);
        _relative = new(arguments, index);
        (_batch, _head) = (index / _a.Heads, index % _a.Heads);
        _padded = Panels<V>.Padded(_n);
        _block = Math.Clamp(32768 / Math.Max(1, _padded), V.TileRows, 128);
        _whole = (long)_n * _padded <= ScoresInCache;
        _q = At(_a.Q);
        _k = At(_a.K);
        _v = At(_a.V);
        _saved = potentials + (nint)index * iterations * _n;
        _keysT = scratch.Floats(2 * _padded * _a.HeadDim + _padded * Panels<V>.Padded(_a.HeadDim));
        _scores = scratch.Floats((_whole ? _n : Math.Min(_block, _n)) * _padded);
        _sums = scratch.Floats((2 * iterations + 3) * _padded);
        Panels<V>.PackAllTransposed(_k, _a.K.Stride, _a.HeadDim, _n, _keysT);
        if (_whole) Compute(0, _n);
    }

    private readonly int Width => _a.Heads * _a.HeadDim;

    private readonly nint ResultOffset => (nint)_batch * _n * Width + _head * _a.HeadDim;

    /// <summary>Potentials of each iteration, padded with zeros; in the working memory of this thread.</summary>
    private readonly float* Potential(int t) => _sums + t * _padded;

    private readonly float* Gradient(int t) => _sums + (_iterations + t) * _padded;

    private readonly float* Spare(int i) => _sums + (2 * _iterations + i) * _padded;

    private readonly float* At(in HeadView view) => CpuStorage.At(view, _batch, _n, _head, _a.HeadDim);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal readonly void Forward(float* y)
    {
        int d = _a.HeadDim, last = _iterations - 1;
        new Span<float>(Spare(2), _padded).Clear();
        for (int t = 0; t <= last; t++)
        {
            new Span<float>(Potential(t), _padded).Clear();
            if (t % 2 == 0) NormaliseRows(t == 0 ? Spare(2) : Potential(t - 1), Potential(t));
            else NormaliseColumns(Potential(t - 1), Potential(t));
            new ReadOnlySpan<float>(Potential(t), _n).CopyTo(new Span<float>(_saved + t * _n, _n));
        }

        using Scratch scratch = Scratch.Begin();
        float* values = scratch.Floats(_padded * Panels<V>.Padded(d));
        Panels<V>.PackAll(_v, _a.V.Stride, _n, d, values);
        float* columns = last == 0 ? Spare(2) : Potential(last - 1);
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            float* plan = Scores(first, count);
            for (int r = 0; r < count; r++)
                Exponentiate(plan + r * _padded, plan + r * _padded, columns, Potential(last)[first + r]);
            Block<V>.Multiply(plan, _padded, 1, count, values, d, _n,
                new((nint)(y + ResultOffset + (nint)first * Width), Width));
        }
    }

    /// <summary>
    /// With p the doubly stochastic matrix, dp = dy vᵀ, du and dv the gradients of its row and column potentials: ds =
    /// p (dp − du), then through each earlier iteration with its own normalised matrix a: ds −= d(potential) a. A first
    /// pass and one per iteration find the potentials' gradients, a last one all of ds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal readonly void Backward(float* dy, in AttentionGradients gradients)
    {
        int d = _a.HeadDim;
        dy += ResultOffset;
        for (int t = 0; t < _iterations; t++)
        {
            new Span<float>(Potential(t), _padded).Clear();
            new ReadOnlySpan<float>(_saved + t * _n, _n).CopyTo(new Span<float>(Potential(t), _n));
            new Span<float>(Gradient(t), _padded).Clear();
        }

        new Span<float>(Spare(2), _padded).Clear();
        float* valuesT = _keysT + _padded * d, keys = valuesT + _padded * d;
        Panels<V>.PackAllTransposed(_v, _a.V.Stride, d, _n, valuesT);
        Panels<V>.PackAll(_k, _a.K.Stride, _n, d, keys);

        DifferentiatePlan(dy, valuesT, gradients.V);
        for (int t = _iterations - 2; t > 0; t--)
        {
            if (t % 2 == 0) DifferentiateRows(t);
            else DifferentiateColumns(t);
        }

        DifferentiateScores(dy, valuesT, keys, gradients);
    }

    /// <summary>dv = pᵀ dy, and the gradients of the last two potentials: du_i = Σ_j p dp, then Σ_i p (dp − du_i) for
    /// the columns.</summary>
    private readonly void DifferentiatePlan(float* dy, float* valuesT, in HeadGradient values)
    {
        int d = _a.HeadDim, last = _iterations - 1;
        float* dv = At(values.View), du = Gradient(last), columns = last == 0 ? Spare(2) : Potential(last - 1);
        float* dcolumns = last == 0 ? Spare(0) : Gradient(last - 1);
        bool add = values.Accumulate;
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            using Scratch scratch = Scratch.Begin();
            (nint plan, nint slopes) = Plan(first, count, dy, valuesT, columns, scratch);
            for (int r = 0; r < count; r++)
            {
                float* p = (float*)plan + r * _padded, dp = (float*)slopes + r * _padded;
                V sum = V.Zero;
                for (int j = 0; j < _padded; j += V.Count) sum = V.Fma(V.Load(p + j), V.Load(dp + j), sum);
                du[first + r] = V.Sum(sum);
                V center = V.Broadcast(du[first + r]);
                for (int j = 0; j < _padded; j += V.Count)
                    V.Store(dcolumns + j, V.Fma(V.Load(p + j), V.Load(dp + j) - center, V.Load(dcolumns + j)));
            }

            float* right = scratch.Floats(_block * Panels<V>.Padded(d));
            Panels<V>.PackAll(dy + (nint)first * Width, Width, count, d, right);
            Block<V>.Multiply((float*)plan, 1, _padded, _n, right, d, count,
                new((nint)dv, values.View.Stride, add ? (nint)dv : 0, values.View.Stride));
            add = true;
        }
    }

    /// <summary>u_i = −log Σ_j exp(s_ij + v_j): dv_j −= Σ_i du_i a_ij.</summary>
    private readonly void DifferentiateRows(int t)
    {
        float* to = Gradient(t - 1), du = Gradient(t), u = Potential(t), v = Potential(t - 1);
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            float* scores = Scores(first, count);
            for (int r = 0; r < count; r++)
            {
                float* row = scores + r * _padded;
                V shift = V.Broadcast(u[first + r]), factor = V.Broadcast(-du[first + r]);
                for (int j = 0; j < _padded; j += V.Count)
                    V.Store(to + j, V.Fma(factor, VectorMath<V>.Exp2(V.Load(row + j) + V.Load(v + j) + shift),
                        V.Load(to + j)));
            }
        }

        for (int j = _n; j < _padded; j++) to[j] = 0;
    }

    /// <summary>v_j = −log Σ_i exp(s_ij + u_i): du_i −= Σ_j dv_j a_ij.</summary>
    private readonly void DifferentiateColumns(int t)
    {
        float* to = Gradient(t - 1), dv = Gradient(t), v = Potential(t), u = Potential(t - 1);
        for (int j = _n; j < _padded; j++) dv[j] = 0;
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            float* scores = Scores(first, count);
            for (int r = 0; r < count; r++)
            {
                float* row = scores + r * _padded;
                V shift = V.Broadcast(u[first + r]), sum = V.Zero;
                for (int j = 0; j < _padded; j += V.Count)
                    sum = V.Fma(V.Load(dv + j), VectorMath<V>.Exp2(V.Load(row + j) + V.Load(v + j) + shift), sum);
                to[first + r] -= V.Sum(sum);
            }
        }
    }

    /// <summary>All of ds, block by block, and from it the gradients of queries, keys and biases.</summary>
    private readonly void DifferentiateScores(float* dy, float* valuesT, float* keys, in AttentionGradients gradients)
    {
        int d = _a.HeadDim, last = _iterations - 1;
        (nint qStride, nint kStride) = (gradients.Q.View.Stride, gradients.K.View.Stride);
        float* dq = At(gradients.Q.View), dk = At(gradients.K.View);
        bool addQ = gradients.Q.Accumulate, addK = gradients.K.Accumulate;
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            using Scratch scratch = Scratch.Begin();
            (nint plan, nint slopes) = Plan(first, count, dy, valuesT, last == 0 ? Spare(2) : Potential(last - 1),
                scratch);
            float* scores = Scores(first, count);
            for (int r = 0; r < count; r++)
                DifferentiateRow(scores + r * _padded, (float*)plan + r * _padded, (float*)slopes + r * _padded,
                    first + r, gradients);

            float* right = scratch.Floats(_block * Panels<V>.Padded(d)), dqBlock = dq + first * qStride;
            Panels<V>.PackAll(_q + (nint)first * _a.Q.Stride, _a.Q.Stride, count, d, right);
            Block<V>.Multiply((float*)slopes, 1, _padded, _n, right, d, count,
                new((nint)dk, kStride, addK ? (nint)dk : 0, kStride));
            Block<V>.Multiply((float*)slopes, _padded, 1, count, keys, d, _n,
                new((nint)dqBlock, qStride, addQ ? (nint)dqBlock : 0, qStride));
            addK = true;
        }
    }

    /// <summary>One row of slopes: dp becomes ds, times the scale, ready for the products.</summary>
    private readonly void DifferentiateRow(float* scores, float* plan, float* slopes, int i,
        in AttentionGradients gradients)
    {
        int last = _iterations - 1;
        V center = V.Broadcast(Gradient(last)[i]);
        for (int j = 0; j < _padded; j += V.Count)
            V.Store(slopes + j, V.Load(plan + j) * (V.Load(slopes + j) - center));
        for (int t = last - 1; t >= 0; t--)
        {
            // Of two neighbouring potentials the even one belongs to rows, and the gradient is that of potential t.
            bool ofRows = t % 2 == 0;
            float* rows = ofRows ? Potential(t) : Potential(t - 1),
                columns = t == 0 ? Spare(2) : ofRows ? Potential(t - 1) : Potential(t);
            float* ofColumns = Gradient(t);
            V shift = V.Broadcast(rows[i]), factor = V.Broadcast(Gradient(t)[i]);
            for (int j = 0; j < _padded; j += V.Count)
            {
                V a = VectorMath<V>.Exp2(V.Load(scores + j) + V.Load(columns + j) + shift);
                V.Store(slopes + j, V.Load(slopes + j) - (ofRows ? factor : V.Load(ofColumns + j)) * a);
            }
        }

        for (int j = _n; j < _padded; j++) slopes[j] = 0;
        if (_relative.IsPresent)
        {
            _relative.Hide(slopes, i, 0, _n, 0);
            _relative.AddGradients(slopes, i, 0, _n, gradients);
        }

        V scale = V.Broadcast(_a.Scale);
        for (int j = 0; j < _padded; j += V.Count) V.Store(slopes + j, V.Load(slopes + j) * scale);
    }

    /// <summary>A block of p and of dp = dy vᵀ; padding is 0 in p.</summary>
    private readonly (nint Plan, nint Slopes) Plan(int first, int count, float* dy, float* valuesT, float* columns,
        Scratch scratch)
    {
        float* plan = scratch.Floats(2 * _block * _padded), slopes = plan + _block * _padded,
            scores = Scores(first, count);
        Block<V>.Multiply(dy + (nint)first * Width, Width, 1, count, valuesT, _n, _a.HeadDim,
            new((nint)slopes, _padded, Padded: true));
        for (int r = 0; r < count; r++)
            Exponentiate(scores + r * _padded, plan + r * _padded, columns, Potential(_iterations - 1)[first + r]);
        return ((nint)plan, (nint)slopes);
    }

    /// <summary>to_j = 2^(row_j + columns_j + shift), padding 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Exponentiate(float* row, float* to, float* columns, float shift)
    {
        V common = V.Broadcast(shift);
        for (int j = 0; j < _padded; j += V.Count)
            V.Store(to + j, VectorMath<V>.Exp2(V.Load(row + j) + V.Load(columns + j) + common));
        for (int j = _n; j < _padded; j++) to[j] = 0;
    }

    /// <summary>to_i = −log₂ Σ_j 2^(s_ij + columns_j).</summary>
    private readonly void NormaliseRows(float* columns, float* to)
    {
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            float* scores = Scores(first, count);
            for (int r = 0; r < count; r++)
            {
                float* row = scores + r * _padded;
                V max = V.Broadcast(float.NegativeInfinity), sum = V.Zero;
                for (int j = 0; j < _padded; j += V.Count) max = V.Max(max, V.Load(row + j) + V.Load(columns + j));
                float largest = V.MaxAcross(max);
                V shift = V.Broadcast(-largest);
                for (int j = 0; j < _padded; j += V.Count)
                    sum += VectorMath<V>.Exp2(V.Load(row + j) + V.Load(columns + j) + shift);
                to[first + r] = -largest - MathF.Log2(V.Sum(sum));
            }
        }
    }

    /// <summary>to_j = −log₂ Σ_i 2^(s_ij + rows_i); the sums are shrunk whenever a block raises a column's largest
    /// term.</summary>
    private readonly void NormaliseColumns(float* rows, float* to)
    {
        float* largest = Spare(0), sums = Spare(1);
        // finite: a window may hide a column from a whole block, and the difference of two infinities is no number
        new Span<float>(largest, _padded).Fill(float.MinValue);
        new Span<float>(sums, _padded).Clear();
        for (int first = 0; first < _n; first += _block)
        {
            int count = Math.Min(_block, _n - first);
            float* scores = Scores(first, count);
            for (int j = 0; j < _padded; j += V.Count)
            {
                float* column = scores + j;
                V before = V.Load(largest + j), max = before, sum = V.Zero;
                for (int r = 0; r < count; r++)
                    max = V.Max(max, V.Load(column + r * _padded) + V.Broadcast(rows[first + r]));
                for (int r = 0; r < count; r++)
                    sum += VectorMath<V>.Exp2(V.Load(column + r * _padded) + (V.Broadcast(rows[first + r]) - max));
                V.Store(sums + j, V.Fma(V.Load(sums + j), VectorMath<V>.Exp2(before - max), sum));
                V.Store(largest + j, max);
            }
        }

        for (int j = 0; j < _n; j++) to[j] = -largest[j] - MathF.Log2(sums[j]);
    }

    private readonly float* Scores(int first, int count)
    {
        if (_whole) return _scores + first * _padded;
        Compute(first, count);
        return _scores;
    }

    /// <summary>Scores in units of log 2 of some queries; padding is −∞.</summary>
    private readonly void Compute(int first, int count)
    {
        Block<V>.Multiply(
            _q + (nint)first * _a.Q.Stride, _a.Q.Stride, 1, count, _keysT, _n, _a.HeadDim,
            new((nint)_scores, _padded, Padded: true));
        V unit = V.Broadcast(_relative.IsPresent ? Log2E : _a.Scale * Log2E);
        for (int r = 0; r < count; r++)
        {
            float* row = _scores + r * _padded;
            if (_relative.IsPresent) _relative.Apply(row, first + r, 0, _n);
            for (int j = 0; j < _padded; j += V.Count) V.Store(row + j, V.Load(row + j) * unit);
            for (int j = _n; j < _padded; j++) row[j] = float.NegativeInfinity;
        }
    }
}
