using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Kernel attention of one head of one sequence over a <see cref="TokenRelation"/>: copies its vectors together and lets
/// <see cref="KernelMix{V}"/> add.
/// </summary>
internal readonly unsafe struct RelationHead<V>
    where V : struct, ISimd<V>
{
    private const int RowsSlot = 3;

    private readonly KernelAttentionArguments _a;
    private readonly RelationPlan _plan;
    private readonly int _batch, _head;
    private readonly PaddedRows _queries, _keys, _values, _outputs, _dqueries, _dkeys;

    /// <param name="arguments">Inputs and sizes; there is a relation.</param>
    /// <param name="plan">That relation's plan.</param>
    /// <param name="index">Which head of which sequence.</param>
    internal RelationHead(in KernelAttentionArguments arguments, RelationPlan plan, int index)
    {
        (_a, _plan) = (arguments, plan);
        (_batch, _head) = (index / arguments.Heads, index % arguments.Heads);
        int tokens = arguments.QueryCount, features = Panels<V>.Padded(arguments.Features), values = Panels<V>.Padded(arguments.HeadDim + 1);
        float* rows = Scratch.Floats(RowsSlot, tokens * (4 * features + 2 * values));
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
            ReaderWeights = Weights(_a.QueryWeights),
            SourceWeights = Weights(_a.KeyWeights),
            Results = _outputs,
            Totals = totals,
        }.Run();
        for (int token = 0; token < Tokens; token++)
        {
            float* to = y + OutputOffset + token * OutputStride, from = _outputs.Row(token);
            V factor = V.Broadcast(1 / totals[token]);
            for (int e = 0; e < HeadDim; e += V.Count) V.StorePartial(to + e, V.Load(from + e) * factor, Math.Min(V.Count, HeadDim - e));
        }
    }

    /// <summary>
    /// With g_i = [dn_i, dz_i]: da_i = Σ αβ (g_i·[v_j, 1]) b_j, db_j = Σ αβ ([v_j, 1]·g_i) a_i and dv_j = Σ αβ (b_j·a_i) dn_i are sums of one kind, the
    /// latter two with the pairs seen from the key; dα_ir is a_i times its bucket's sum in the first, dβ_jr is b_j times that in the second.
    /// </summary>
    internal void Backward(float* y, float* normalizers, float* dy, in KernelAttentionGradients gradients)
    {
        LoadInputs();
        PaddedRows queryGradients = _outputs;
        KernelGradients<V>.Fill(y + OutputOffset, dy + OutputOffset, OutputStride, HeadDim, normalizers + TokenOffset, Tokens,
            queryGradients.Row(0), queryGradients.Stride);
        BucketWeights alpha = Weights(_a.QueryWeights), beta = Weights(_a.KeyWeights);
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
            WeightGradients = Cleared(gradients.QueryWeights, gradients.AccumulateQueryWeights),
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
            WeightGradients = Cleared(gradients.KeyWeights, gradients.AccumulateKeyWeights),
            Probes = _keys,
        };
        toKeys.Run();
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
        Rows(gradients.Values.View, HeadDim).StoreGradients(0, Tokens, dvalues.Row(0), dvalues.Stride, null, gradients.Values.Accumulate);
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

    private void Store(in HeadGradient to, PaddedRows gradients, PaddedRows features) => Rows(to.View, _a.Features).StoreGradients(
        0, Tokens, gradients.Row(0), gradients.Stride, _a.Map == FeatureMap.Identity ? null : features.Row(0), to.Accumulate);

    private BucketWeights Weights(Storage? storage) => storage is null
        ? default
        : new((nint)(((CpuStorage)storage).Pointer + TokenOffset * _a.Relation!.Buckets), _a.Relation.Buckets);

    private BucketWeights Cleared(Storage? storage, bool accumulate)
    {
        BucketWeights weights = Weights(storage);
        if (weights.AreGiven && !accumulate) new Span<float>(weights.Row(0), Tokens * weights.Buckets).Clear();
        return weights;
    }

    private void Clear(PaddedRows rows) => new Span<float>(rows.Row(0), Tokens * rows.Stride).Clear();
}
