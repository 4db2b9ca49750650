using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Kernel attention of one head of one sequence where every key is visible: sums over the keys, then a product of each
/// query with them. A <em>state</em> is such a sum, Σ_j f_j [r_j, w_j]ᵀ, stored <c>[feature, Padded(headDim + 1)]</c>,
/// and behind it Σ_j f_j w_j once more on its own.
/// </summary>
internal readonly unsafe struct KernelAttentionHead<V>
    where V : struct, ISimd<V>
{
    private const int TokensAtOnce = 128;

    private readonly KernelAttentionArguments _a;
    private readonly int _batch, _head;
    private readonly HeadRows<V> _q, _k, _v;

    /// <param name="arguments">Inputs and sizes.</param>
    /// <param name="index">Which head of which sequence.</param>
    internal KernelAttentionHead(in KernelAttentionArguments arguments, int index)
    {
        _a = arguments;
        (_batch, _head) = (index / arguments.Heads, index % arguments.Heads);
        _q = new(arguments.Queries, arguments.QueryCount, arguments.Features, _batch, _head);
        _k = new(arguments.Keys, arguments.KeyCount, arguments.Features, _batch, _head);
        _v = new(arguments.Values, arguments.KeyCount, arguments.HeadDim, _batch, _head);
    }

    private int Row => Panels<V>.Padded(_a.HeadDim + 1);

    private bool IsSquare => SquareKernels<V>.Fits(_a.Features, _a.HeadDim);

    private int PaddedFeatures => Panels<V>.Padded(_a.Features);

    private nint YOffset => ((nint)_batch * _a.QueryCount * _a.Heads + _head) * _a.HeadDim;

    private nint YStride => (nint)_a.Heads * _a.HeadDim;

    private nint NormalizersOffset => ((nint)_batch * _a.Heads + _head) * _a.QueryCount;

    /// <summary>Floats of a state.</summary>
    internal static int StateSize(in KernelAttentionArguments a) =>
        a.Features * Panels<V>.Padded(a.HeadDim + 1) + Panels<V>.Padded(a.Features);

    /// <summary>state = Σ_j b_j [v_j, 1]ᵀ over a range of keys.</summary>
    internal void SumKeys(float* state, int first, int count)
    {
        new Span<float>(state, StateSize(_a)).Clear();
        for (int token = first; token < first + count; token += TokensAtOnce)
        {
            using Scratch tileScratch = Scratch.Begin();
            int tile = Math.Min(TokensAtOnce, first + count - token);
            float* features = Features(_k, token, tile, tileScratch, out nint stride);
            AddTile(state, features, stride, tile, _v.Row(token), _v.Stride, null);
        }
    }

    /// <summary>Writes Σ_j f_j w_j into the state's column <c>headDim</c>, once everything is summed.</summary>
    internal void Seal(float* state)
    {
        float* sums = state + _a.Features * Row;
        for (int e = 0; e < _a.Features; e++) state[e * Row + _a.HeadDim] = sums[e];
    }

    /// <summary>y and normalisers of a range of queries from the keys' state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Read(float* state, float* y, float* normalizers, int first, int count)
    {
        int d = _a.HeadDim, padded = Panels<V>.Padded(d);
        using Scratch scratch = Scratch.Begin();
        float* panels = scratch.Floats(_a.Features * padded), results = scratch.Floats(TokensAtOnce * padded);
        Panels<V>.PackAll(state, Row, _a.Features, d, panels);
        float* sums = state + _a.Features * Row;
        for (int token = first; token < first + count; token += TokensAtOnce)
        {
            using Scratch tileScratch = Scratch.Begin();
            int tile = Math.Min(TokensAtOnce, first + count - token);
            float* features = Features(_q, token, tile, tileScratch, out nint stride);
            if (IsSquare)
            {
                SquareKernels<V>.Read(features, stride, state, Row, sums, _a.Epsilon, y + YOffset + token * YStride,
                    YStride, normalizers + NormalizersOffset + token, tile);
                continue;
            }

            Block<V>.Multiply(features, stride, 1, tile, panels, d, _a.Features,
                new((nint)results, padded, Padded: true));
            for (int i = 0; i < tile; i++)
            {
                float z = Dot(features + i * stride, sums, _a.Features) + _a.Epsilon;
                normalizers[NormalizersOffset + token + i] = z;
                Scale(results + i * padded, 1 / z, y + YOffset + (token + i) * YStride, d);
            }
        }
    }

    /// <summary>Over a range of queries: da_i = keys · [dn_i, dz_i] from the keys' state, then through f; and the
    /// queries' state = Σ_i a_i [dn_i, dz_i]ᵀ.</summary>
    internal void Queries(float* keys, float* state, float* y, float* normalizers, float* dy, in HeadGradient dq,
        int first, int count)
    {
        new Span<float>(state, StateSize(_a)).Clear();
        using Scratch scratch = Scratch.Begin();
        float* panels = scratch.Floats((_a.HeadDim + 1) * PaddedFeatures),
            results = scratch.Floats(TokensAtOnce * PaddedFeatures);
        Panels<V>.PackAllTransposed(keys, Row, _a.HeadDim + 1, _a.Features, panels);
        HeadRows<V> to = new(dq.View, _a.QueryCount, _a.Features, _batch, _head);
        for (int token = first; token < first + count; token += TokensAtOnce)
        {
            using Scratch tileScratch = Scratch.Begin();
            int tile = Math.Min(TokensAtOnce, first + count - token);
            float* gradients = Gradients(y, normalizers, dy, token, tile, tileScratch),
                features = Features(_q, token, tile, tileScratch, out nint stride),
                derivative = _a.Map == FeatureMap.Identity ? null : features;
            AddTile(state, features, stride, tile, gradients, Row, gradients + _a.HeadDim);
            if (IsSquare)
            {
                SquareKernels<V>.Multiply(gradients, Row, panels, PaddedFeatures, panels + _a.HeadDim * PaddedFeatures,
                    gradients + _a.HeadDim, Row, derivative, PaddedFeatures, to.Row(token), to.Stride, dq.Accumulate,
                    tile);
                continue;
            }

            Block<V>.Multiply(gradients, Row, 1, tile, panels, _a.Features, _a.HeadDim + 1,
                new((nint)results, PaddedFeatures, Padded: true));
            to.StoreGradients(token, tile, results, PaddedFeatures, derivative, dq.Accumulate);
        }
    }

    /// <summary>db_j = state · [v_j, 1] and dv_j = stateᵀ b_j, from the queries' state; db then through f.</summary>
    internal void KeyGradients(float* state, in HeadGradient dk, in HeadGradient dv, int first, int count)
    {
        int d = _a.HeadDim, m = _a.Features, paddedDim = Panels<V>.Padded(d);
        using Scratch scratch = Scratch.Begin();
        float* transposed = scratch.Floats(d * PaddedFeatures + m * paddedDim),
            straight = transposed + d * PaddedFeatures;
        float* results = scratch.Floats(TokensAtOnce * PaddedFeatures), sums = state + m * Row;
        Panels<V>.PackAllTransposed(state, Row, d, m, transposed);
        Panels<V>.PackAll(state, Row, m, d, straight);
        HeadRows<V> toKeys = new(dk.View, _a.KeyCount, m, _batch, _head),
            toValues = new(dv.View, _a.KeyCount, d, _batch, _head);
        for (int token = first; token < first + count; token += TokensAtOnce)
        {
            using Scratch tileScratch = Scratch.Begin();
            int tile = Math.Min(TokensAtOnce, first + count - token);
            float* features = Features(_k, token, tile, tileScratch, out nint stride);
            float* derivative = _a.Map == FeatureMap.Identity ? null : features;
            if (IsSquare)
            {
                float one = 1;
                SquareKernels<V>.Multiply(_v.Row(token), _v.Stride, transposed, PaddedFeatures, sums, &one, 0,
                    derivative, PaddedFeatures, toKeys.Row(token), toKeys.Stride, dk.Accumulate, tile);
                SquareKernels<V>.Multiply(features, stride, state, Row, null, &one, 0, null, 0, toValues.Row(token),
                    toValues.Stride, dv.Accumulate, tile);
                continue;
            }

            Block<V>.Multiply(_v.Row(token), _v.Stride, 1, tile, transposed, m, d,
                new((nint)results, PaddedFeatures, Bias: (nint)sums, Padded: true));
            nint values = (nint)toValues.Row(token);
            Block<V>.Multiply(features, stride, 1, tile, straight, d, m,
                new(values, toValues.Stride, dv.Accumulate ? values : 0, toValues.Stride));
            toKeys.StoreGradients(token, tile, results, PaddedFeatures, derivative, dk.Accumulate);
        }
    }

    /// <summary>Features of a tile: where they lie if f is the identity, else computed into scratch memory.</summary>
    private float* Features(in HeadRows<V> rows, int first, int count, Scratch scratch, out nint stride)
    {
        if (_a.Map == FeatureMap.Identity)
        {
            stride = rows.Stride;
            return rows.Row(first);
        }

        stride = PaddedFeatures;
        float* features = scratch.Floats(TokensAtOnce * PaddedFeatures);
        rows.Load(first, count, _a.Map, features, PaddedFeatures);
        return features;
    }

    /// <summary>[dn, dz] of a tile of queries, in rows of <see cref="Row"/>: dn = dy / z, dz = −(dy·y) / z.</summary>
    private float* Gradients(float* y, float* normalizers, float* dy, int first, int count, Scratch scratch)
    {
        float* gradients = scratch.Floats(TokensAtOnce * Row);
        KernelGradients<V>.Fill(y + YOffset + first * YStride, dy + YOffset + first * YStride, YStride, _a.HeadDim,
            normalizers + NormalizersOffset + first, count, gradients, Row);
        return gradients;
    }

    /// <summary>state += Σ f [r, w]ᵀ over a tile; the weights w lie <see cref="Row"/> apart, null: 1.</summary>
    private void AddTile(float* state, float* features, nint stride, int count, float* right, nint rightStride,
        float* weights)
    {
        if (IsSquare)
        {
            float one = 1;
            SquareKernels<V>.Add(state, Row, state + _a.Features * Row, features, stride, right, rightStride,
                weights == null ? &one : weights, weights == null ? 0 : Row, count);
            return;
        }

        using Scratch scratch = Scratch.Begin();
        float* panels = scratch.Floats(TokensAtOnce * Panels<V>.Padded(_a.HeadDim));
        Panels<V>.PackAll(right, rightStride, count, _a.HeadDim, panels);
        Block<V>.Multiply(features, 1, stride, _a.Features, panels, _a.HeadDim, count,
            new((nint)state, Row, (nint)state, Row, Padded: true));
        AddRows(features, stride, count, weights, Row, state + _a.Features * Row, _a.Features);
    }

    /// <summary>sums += Σ_i weight_i · row_i; four rows at a time, because additions wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(float* rows, nint stride, int count, float* weights, int weightStride, float* sums,
        int width)
    {
        V one = V.Broadcast(1);
        for (int e = 0; e < width; e += V.Count)
        {
            int lanes = Math.Min(V.Count, width - e);
            V s0 = V.LoadPartial(sums + e, lanes), s1 = V.Zero, s2 = V.Zero, s3 = V.Zero;
            float* row = rows + e;
            int i = 0;
            if (lanes == V.Count)
            {
                for (; i + 4 <= count; i += 4, row += 4 * stride)
                {
                    float* w = weights + i * weightStride;
                    s0 = V.Fma(V.Load(row), weights == null ? one : V.Broadcast(*w), s0);
                    s1 = V.Fma(V.Load(row + stride), weights == null ? one : V.Broadcast(w[weightStride]), s1);
                    s2 = V.Fma(V.Load(row + 2 * stride), weights == null ? one : V.Broadcast(w[2 * weightStride]), s2);
                    s3 = V.Fma(V.Load(row + 3 * stride), weights == null ? one : V.Broadcast(w[3 * weightStride]), s3);
                }
            }

            for (; i < count; i++, row += stride)
                s0 = V.Fma(V.LoadPartial(row, lanes), weights == null ? one : V.Broadcast(weights[i * weightStride]),
                    s0);
            V.StorePartial(sums + e, (s0 + s1) + (s2 + s3), lanes);
        }
    }

    private static float Dot(float* a, float* b, int count)
    {
        V sum = V.Zero;
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) sum = V.Fma(V.Load(a + i), V.Load(b + i), sum);
        if (i < count) sum = V.Fma(V.LoadPartial(a + i, count - i), V.LoadPartial(b + i, count - i), sum);
        return V.Sum(sum);
    }

    private static void Scale(float* from, float factor, float* to, int count)
    {
        V scale = V.Broadcast(factor);
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) V.Store(to + i, V.Load(from + i) * scale);
        if (i < count) V.StorePartial(to + i, V.Load(from + i) * scale, count - i);
    }
}
