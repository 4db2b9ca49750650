using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Kernel attention of one head of one sequence over a <see cref="TokenRelation"/>: copies its vectors together, turns
/// its weights so that each bucket's lie together, and lets <see cref="KernelMix{V}"/> add.
/// </summary>
internal readonly unsafe struct RelationHead<V>
    where V : struct, ISimd<V>
{
    private const int TokensAtOnce = 16;   // of a turned block: a line of the cache

    private readonly KernelAttentionArguments _a;
    private readonly RelationPlan _plan;
    private readonly int _batch, _head;
    private readonly PaddedRows _queries, _keys, _values, _outputs, _dqueries, _dkeys;

    /// <param name="arguments">Inputs and sizes; there is a relation.</param>
    /// <param name="plan">That relation's plan.</param>
    /// <param name="index">Which head of which sequence.</param>
    /// <param name="scratch">Memory for its rows.</param>
    internal RelationHead(in KernelAttentionArguments arguments, RelationPlan plan, int index, Scratch scratch)
    {
        (_a, _plan) = (arguments, plan);
        (_batch, _head) = (index / arguments.Heads, index % arguments.Heads);
        int tokens = arguments.QueryCount, features = Panels<V>.Padded(arguments.Features),
            values = Panels<V>.Padded(arguments.HeadDim + 1);
        float* rows = scratch.Floats(tokens * (4 * features + 2 * values));
        _queries = new((nint)rows, features, arguments.Features);
        _keys = new((nint)(rows + tokens * features), features, arguments.Features);
        _dqueries = new((nint)(rows + 2 * tokens * features), features, arguments.Features);
        _dkeys = new((nint)(rows + 3 * tokens * features), features, arguments.Features);
        _values = new((nint)(rows + 4 * tokens * features), values, arguments.HeadDim + 1);
        _outputs = new((nint)(rows + tokens * (4 * features + values)), values, arguments.HeadDim + 1);
    }

    private int Tokens => _a.QueryCount;

    private int HeadDim => _a.HeadDim;

    private nint OutputStride => (nint)_a.Heads * HeadDim;

    private nint OutputOffset => ((nint)_batch * Tokens * _a.Heads + _head) * HeadDim;

    private nint TokenOffset => ((nint)_batch * _a.Heads + _head) * Tokens;

    /// <summary>y and normalisers.</summary>
    internal void Forward(float* y, float* normalizers)
    {
        using Scratch scratch = Scratch.Begin();
        LoadInputs();
        Clear(_outputs);
        float* totals = normalizers + TokenOffset;
        new Span<float>(totals, Tokens).Fill(_a.Epsilon);
        new KernelMix<V>
        {
            Plan = _plan,
            Readers = _queries,
            Sources = _keys,
            Values = _values with { Width = HeadDim },
            ReaderWeights = Weights(_a.QueryWeights, scratch),
            SourceWeights = Weights(_a.KeyWeights, scratch),
            Results = _outputs,
            Totals = totals,
        }.Run();
        for (int token = 0; token < Tokens; token++)
        {
            float* to = y + OutputOffset + token * OutputStride, from = _outputs.Row(token);
            V factor = V.Broadcast(1 / totals[token]);
            for (int e = 0; e < HeadDim; e += V.Count)
                V.StorePartial(to + e, V.Load(from + e) * factor, Math.Min(V.Count, HeadDim - e));
        }
    }

    /// <summary>
    /// With g_i = [dn_i, dz_i]: da_i = Σ αβ (g_i·[v_j, 1]) b_j, db_j = Σ αβ ([v_j, 1]·g_i) a_i and dv_j = Σ αβ
    /// (b_j·a_i) dn_i are sums of one kind, the latter two with the pairs seen from the key; dα_ir is a_i times its
    /// bucket's sum in the first, dβ_jr is b_j times that in the second.
    /// </summary>
    internal void Backward(float* y, float* normalizers, float* dy, in KernelAttentionGradients gradients)
    {
        using Scratch scratch = Scratch.Begin();
        LoadInputs();
        PaddedRows queryGradients = _outputs;
        KernelGradients<V>.Fill(y + OutputOffset, dy + OutputOffset, OutputStride, HeadDim, normalizers + TokenOffset,
            Tokens,
            queryGradients.Row(0), queryGradients.Stride);
        BucketWeights alpha = Weights(_a.QueryWeights, scratch), beta = Weights(_a.KeyWeights, scratch);
        BucketWeights dalpha = Cleared(gradients.QueryWeights, scratch), dbeta = Cleared(gradients.KeyWeights, scratch);
        Clear(_dqueries);
        Clear(_dkeys);
        new KernelMix<V>
        {
            Plan = _plan,
            Readers = queryGradients,
            Sources = _values,
            Values = _keys,
            ReaderWeights = alpha,
            SourceWeights = beta,
            Results = _dqueries,
            WeightGradients = dalpha,
            Probes = _queries,
        }.Run();
        KernelMix<V> toKeys = new()
        {
            Plan = _plan,
            Transposed = true,
            Readers = _values,
            Sources = queryGradients,
            Values = _queries,
            ReaderWeights = beta,
            SourceWeights = alpha,
            Results = _dkeys,
            WeightGradients = dbeta,
            Probes = _keys,
        };
        toKeys.Run();
        Store(dalpha, gradients.QueryWeights);
        Store(dbeta, gradients.KeyWeights);
        Store(gradients.Queries, _dqueries, _queries);

        // The values themselves are no longer needed: their gradients take their place.
        PaddedRows dvalues = _values with { Width = HeadDim };
        Clear(_values);
        (toKeys with
        {
            Readers = _keys,
            Sources = _queries,
            Values = queryGradients with { Width = HeadDim },
            Results = dvalues,
            WeightGradients = default,
        }).Run();
        Store(gradients.Keys, _dkeys, _keys);
        Rows(gradients.Values.View, HeadDim)
            .StoreGradients(0, Tokens, dvalues.Row(0), dvalues.Stride, null, gradients.Values.Accumulate);
    }

    private HeadRows<V> Rows(in HeadView view, int width) => new(view, Tokens, width, _batch, _head);

    /// <summary>Features of queries and keys, and values with a 1 behind each.</summary>
    private void LoadInputs()
    {
        Rows(_a.Queries, _a.Features).Load(0, Tokens, _a.Map, _queries.Row(0), _queries.Stride);
        Rows(_a.Keys, _a.Features).Load(0, Tokens, _a.Map, _keys.Row(0), _keys.Stride);
        Clear(_values);
        Rows(_a.Values, HeadDim).Load(0, Tokens, FeatureMap.Identity, _values.Row(0), _values.Stride);
        for (int token = 0; token < Tokens; token++) _values.Row(token)[HeadDim] = 1;
    }

    private void Store(in HeadGradient to, PaddedRows gradients, PaddedRows features) =>
        Rows(to.View, _a.Features).StoreGradients(
        0, Tokens, gradients.Row(0), gradients.Stride, _a.Map == FeatureMap.Identity ? null : features.Row(0),
        to.Accumulate);

    /// <summary>This head's weights, <c>[token, bucket]</c> in memory; null where there are none.</summary>
    private float* Stored(Storage? storage) =>
        storage is null ? null : ((CpuStorage)storage).Pointer + TokenOffset * _a.Relation!.Buckets;

    private BucketWeights Weights(Storage? storage, Scratch scratch)
    {
        if (storage is null) return default;
        int buckets = _a.Relation!.Buckets;
        float* from = Stored(storage), to = scratch.Floats(Tokens * buckets);
        for (int first = 0; first < Tokens; first += TokensAtOnce)
            for (int bucket = 0; bucket < buckets; bucket++)
                for (int token = first; token < Math.Min(first + TokensAtOnce, Tokens); token++)
                    to[(nint)bucket * Tokens + token] = from[(nint)token * buckets + bucket];
        return new((nint)to, Tokens);
    }

    private BucketWeights Cleared(Target? target, Scratch scratch)
    {
        if (target is null) return default;
        float* gradients = scratch.Floats(Tokens * _a.Relation!.Buckets);
        new Span<float>(gradients, Tokens * _a.Relation.Buckets).Clear();
        return new((nint)gradients, Tokens);
    }

    private void Store(BucketWeights gradients, Target? target)
    {
        if (target is not (Storage storage, bool accumulate)) return;
        int buckets = _a.Relation!.Buckets;
        float* from = (float*)gradients.First, to = Stored(storage);
        for (int first = 0; first < Tokens; first += TokensAtOnce)
            for (int bucket = 0; bucket < buckets; bucket++)
                for (int token = first; token < Math.Min(first + TokensAtOnce, Tokens); token++)
                {
                    float value = from[(nint)bucket * Tokens + token];
                    to[(nint)token * buckets + bucket] = accumulate ? to[(nint)token * buckets + bucket] + value
                        : value;
                }
    }

    private void Clear(PaddedRows rows) => new Span<float>(rows.Row(0), Tokens * rows.Stride).Clear();
}
