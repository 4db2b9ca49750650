using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <summary>Without a relation linear in the number of tokens; over a relation all pairs are stored.</summary>
    public override void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers)
    {
        KernelAttentionArguments a = arguments;
        int sequences = a.Batch * a.Heads;
        if (sequences * a.QueryCount == 0) return;
        using Aten aten = new(this);
        NativeTensor queries = Features(aten, a.Map, PackedQueries(aten, a)),
            keys = Features(aten, a.Map, PackedKeys(aten, a)), values = PackedValues(aten, a);
        NativeTensor mixed, sums;
        if (a.Relation is null)
        {
            NativeTensor memory = aten.BatchProduct(aten.Transposed(keys), values);
            mixed = aten.BatchProduct(queries, memory);
            sums = aten.ExactBatchProduct(queries, aten.Transposed(aten.Sum(keys, [1], keep: true)));
        }
        else
        {
            NativeTensor weights = aten.Multiply(aten.BatchProduct(queries, aten.Transposed(keys)),
                PairFactors(aten, a));
            mixed = aten.BatchProduct(weights, values);
            sums = aten.Sum(weights, [2], keep: true);
        }

        NativeTensor z = a.Epsilon == 0 ? sums : aten.Add(sums, aten.Number(a.Epsilon));
        PutTokens(aten, aten.View(aten.Divide(mixed, z), a.Batch, a.Heads, a.QueryCount, a.HeadDim), y, a.Batch,
            a.QueryCount, a.Heads, a.HeadDim);
        aten.Put(z, normalizers, sequences * a.QueryCount);
    }

    /// <summary>
    /// With dn_i = dy_i / z_i, dz_i = −(dy_i·y_i) / z_i, s_ij = a_i·b_j, g_ij = dn_i·v_j + dz_i and w the pairs'
    /// factors αβ: da = (w ∘ g) b, db = (w ∘ g)ᵀ a, dv = (w ∘ s)ᵀ dn, dα_ir = Σ_j β_jr s_ij g_ij, dβ alike.
    /// </summary>
    public override void KernelAttentionBackward(in KernelAttentionArguments arguments, Storage y,
        Storage normalizers, Storage dy, in KernelAttentionGradients gradients)
    {
        KernelAttentionArguments a = arguments;
        (int sequences, int n) = (a.Batch * a.Heads, a.QueryCount);
        if (sequences * n == 0)
        {
            ClearKernelGradients(a, gradients);
            return;
        }

        using Aten aten = new(this);
        HeadView result = new(y, 0, a.Heads * a.HeadDim);
        NativeTensor q = PackedQueries(aten, a), k = PackedKeys(aten, a), values = PackedValues(aten, a);
        NativeTensor queries = Features(aten, a.Map, q), keys = Features(aten, a.Map, k);
        NativeTensor z = aten.View(normalizers, sequences, n, 1);
        NativeTensor from = Packed(aten, result with { Storage = dy }, a.Batch, n, a.Heads, a.HeadDim);
        NativeTensor dn = aten.Divide(from, z);
        NativeTensor dz = aten.One("neg", aten.Divide(aten.Sum(
            aten.Multiply(from, Packed(aten, result, a.Batch, n, a.Heads, a.HeadDim)), [2], keep: true), z));
        NativeTensor dqueries, dkeys, dvalues;
        if (a.Relation is null)
        {
            NativeTensor memory = aten.BatchProduct(aten.Transposed(keys), values);
            NativeTensor total = aten.Sum(keys, [1], keep: true);
            dqueries = aten.Add(aten.BatchProduct(dn, aten.Transposed(memory)), aten.BatchProduct(dz, total));
            NativeTensor dmemory = aten.BatchProduct(aten.Transposed(queries), dn);
            dkeys = aten.Add(aten.BatchProduct(values, aten.Transposed(dmemory)),
                aten.Sum(aten.Multiply(queries, dz), [1], keep: true));
            dvalues = aten.BatchProduct(keys, dmemory);
        }
        else
        {
            NativeTensor factors = PairFactors(aten, a), s = aten.BatchProduct(queries, aten.Transposed(keys));
            NativeTensor g = aten.Add(aten.BatchProduct(dn, aten.Transposed(values)), dz);
            NativeTensor weighted = aten.Multiply(factors, g);
            dqueries = aten.BatchProduct(weighted, keys);
            dkeys = aten.BatchProduct(aten.Transposed(weighted), queries);
            dvalues = aten.BatchProduct(aten.Transposed(aten.Multiply(factors, s)), dn);
            PairGradients(aten, a, aten.Multiply(s, g), gradients);
        }

        PutPacked(aten, FeatureSlope(aten, a.Map, q, dqueries), gradients.Queries, a.Batch, n, a.Heads, a.Features);
        PutPacked(aten, FeatureSlope(aten, a.Map, k, dkeys), gradients.Keys, a.Batch, a.KeyCount, a.Heads, a.Features);
        PutPacked(aten, dvalues, gradients.Values, a.Batch, a.KeyCount, a.Heads, a.HeadDim);
    }

    /// <inheritdoc/>
    public override void RandomFeatures(in RandomFeaturesArguments arguments, Storage features)
    {
        RandomFeaturesArguments a = arguments;
        int sequences = a.Batch * a.Heads;
        if (sequences * a.Tokens == 0) return;
        using Aten aten = new(this);
        double factor = 1 / Math.Sqrt(a.Features);
        NativeTensor u = aten.Multiply(Packed(aten, a.X, a.Batch, a.Tokens, a.Heads, a.HeadDim), a.Scale);
        NativeTensor projected = aten.ExactBatchProduct(u,
            aten.Strided(a.Projection, [sequences, a.HeadDim, a.Features], [0, 1, a.HeadDim]));
        NativeTensor result;
        if (a.Kernel == FeatureKernel.Relu)
            result = aten.Add(aten.One("relu", aten.Multiply(projected, factor)), aten.Number(a.Stabilizer));
        else
        {
            NativeTensor half = aten.Multiply(aten.Sum(aten.Multiply(u, u), [2], keep: true), 0.5);
            NativeTensor largest = aten.One("amax", projected, a.SharedMaximum ? (long[])[1, 2] : [2], true);
            NativeTensor exponent = aten.Subtract(projected, aten.Add(half, largest));
            result = aten.Multiply(aten.Add(aten.Exp(exponent), aten.Number(a.Stabilizer)), factor);
        }

        PutTokens(aten, aten.View(result, a.Batch, a.Heads, a.Tokens, a.Features), features, a.Batch, a.Tokens,
            a.Heads, a.Features);
    }

    /// <summary>
    /// With u = s·x. Softmax: dt_e = exp(...)_e m^(−1/2) dφ_e and dx = s (Pᵀ dt − (Σ_e dt_e) u). Relu: dt_e = m^(−1/2)
    /// dφ_e where positive and dx = s Pᵀ dt.
    /// </summary>
    public override void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx)
    {
        RandomFeaturesArguments a = arguments;
        int sequences = a.Batch * a.Heads;
        if (sequences * a.Tokens == 0) return;
        using Aten aten = new(this);
        double factor = 1 / Math.Sqrt(a.Features);
        HeadView view = new(features, 0, a.Heads * a.Features);
        NativeTensor values = Packed(aten, view, a.Batch, a.Tokens, a.Heads, a.Features);
        NativeTensor from = Packed(aten, view with { Storage = dfeatures }, a.Batch, a.Tokens, a.Heads, a.Features);
        bool softmax = a.Kernel == FeatureKernel.Softmax;
        NativeTensor dt = softmax
            ? aten.Multiply(aten.Subtract(values, aten.Number(factor * a.Stabilizer)), from)
            : aten.Where(aten.Greater(values, aten.Number(a.Stabilizer)), aten.Multiply(from, factor),
                aten.Number(0));
        NativeTensor gradient = aten.Multiply(aten.BatchProduct(dt,
            aten.Strided(a.Projection, [sequences, a.Features, a.HeadDim], [0, a.HeadDim, 1])), a.Scale);
        if (softmax)
        {
            NativeTensor x = Packed(aten, a.X, a.Batch, a.Tokens, a.Heads, a.HeadDim);
            gradient = aten.Add(gradient, aten.Multiply(aten.Sum(dt, [2], keep: true), x), -(double)a.Scale * a.Scale);
        }

        PutPacked(aten, gradient, dx, a.Batch, a.Tokens, a.Heads, a.HeadDim);
    }

    /// <summary>visible · α · β of each pair <c>[sequence, query, key]</c>.</summary>
    private NativeTensor PairFactors(in Aten aten, in KernelAttentionArguments a)
    {
        (int sequences, int n, int buckets) = (a.Batch * a.Heads, a.QueryCount, a.Relation!.Buckets);
        RelationTables tables = TablesOf(a.Relation);
        NativeTensor? factors = tables.Seen is { } seen ? aten.View(seen, n, n) : null;
        if (a.QueryWeights is { } alpha)
            factors = Times(aten, factors, ByQuery(aten, tables, alpha, sequences, n, buckets));
        if (a.KeyWeights is { } beta) factors = Times(aten, factors, ByKey(aten, tables, beta, sequences, n, buckets));
        return factors ?? aten.Number(1);
    }

    private void PairGradients(in Aten aten, in KernelAttentionArguments a, NativeTensor product,
        in KernelAttentionGradients gradients)
    {
        (int sequences, int n, int buckets) = (a.Batch * a.Heads, a.QueryCount, a.Relation!.Buckets);
        RelationTables tables = TablesOf(a.Relation);
        if (tables.Seen is { } seen) product = aten.Multiply(product, aten.View(seen, n, n));
        if (gradients.QueryWeights is { } dalpha)
        {
            NativeTensor share = a.KeyWeights is { } beta
                ? aten.Multiply(product, ByKey(aten, tables, beta, sequences, n, buckets)) : product;
            aten.Put(SumByQuery(aten, tables, share, sequences, n, buckets), dalpha, sequences * n * buckets);
        }

        if (gradients.KeyWeights is { } dbeta)
        {
            NativeTensor share = a.QueryWeights is { } alpha
                ? aten.Multiply(product, ByQuery(aten, tables, alpha, sequences, n, buckets)) : product;
            aten.Put(SumByKey(aten, tables, share, sequences, n, buckets), dbeta, sequences * n * buckets);
        }
    }

    private static NativeTensor Times(in Aten aten, NativeTensor? a, NativeTensor b) =>
        a is { } first ? aten.Multiply(first, b) : b;

    private void ClearKernelGradients(in KernelAttentionArguments a, in KernelAttentionGradients gradients)
    {
        int buckets = a.Relation?.Buckets ?? 1, sequences = a.Batch * a.Heads;
        if (gradients.QueryWeights is { Accumulate: false } alpha)
            Fill(alpha.Storage, sequences * a.QueryCount * buckets, 0);
        if (gradients.KeyWeights is { Accumulate: false } beta)
            Fill(beta.Storage, sequences * a.KeyCount * buckets, 0);
        if (a.Batch * a.KeyCount == 0) return;
        using Aten aten = new(this);
        if (!gradients.Keys.Accumulate)
            aten.Zero(HeadsOf(aten, gradients.Keys.View, a.Batch, a.KeyCount, a.Heads, a.Features));
        if (!gradients.Values.Accumulate)
            aten.Zero(HeadsOf(aten, gradients.Values.View, a.Batch, a.KeyCount, a.Heads, a.HeadDim));
    }

    private static NativeTensor PackedQueries(in Aten aten, in KernelAttentionArguments a) =>
        Packed(aten, a.Queries, a.Batch, a.QueryCount, a.Heads, a.Features);

    private static NativeTensor PackedKeys(in Aten aten, in KernelAttentionArguments a) =>
        Packed(aten, a.Keys, a.Batch, a.KeyCount, a.Heads, a.Features);

    private static NativeTensor PackedValues(in Aten aten, in KernelAttentionArguments a) =>
        Packed(aten, a.Values, a.Batch, a.KeyCount, a.Heads, a.HeadDim);

    /// <summary>elu(x) + 1 = relu(x) + e^min(x, 0), or x itself.</summary>
    private static NativeTensor Features(in Aten aten, FeatureMap map, NativeTensor x) =>
        map == FeatureMap.Identity ? x : aten.Add(aten.One("relu", x), aten.Exp(Negative(aten, x)));

    private static NativeTensor FeatureSlope(in Aten aten, FeatureMap map, NativeTensor x, NativeTensor dy) =>
        map == FeatureMap.Identity ? dy : aten.Multiply(dy, aten.Exp(Negative(aten, x)));
}
