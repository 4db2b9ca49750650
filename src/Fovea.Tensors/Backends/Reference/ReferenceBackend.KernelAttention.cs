namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers)
    {
        KernelAttentionArguments a = arguments;
        double[] to = Values(y), sums = Values(normalizers);
        foreach ((int batch, int head) in EachHead(a))
        {
            double[][] queries = Each(Vectors(a.Queries, batch, head, a.QueryCount, a.Features),
                x => Feature(a.Map, x));
            double[][] keys = Each(Vectors(a.Keys, batch, head, a.KeyCount, a.Features), x => Feature(a.Map, x));
            double[][] values = Vectors(a.Values, batch, head, a.KeyCount, a.HeadDim);
            for (int i = 0; i < a.QueryCount; i++)
            {
                double[] n = new double[a.HeadDim];
                double z = a.Epsilon;
                foreach ((int j, int bucket) in Visible(a, i))
                {
                    double weight = QueryWeight(a, batch, head, i, bucket) * KeyWeight(a, batch, head, j,
                        bucket) * Dot(queries[i], keys[j]);
                    AddScaled(weight, values[j], n);
                    z += weight;
                }

                sums[(batch * a.Heads + head) * a.QueryCount + i] = z;
                for (int e = 0; e < a.HeadDim; e++)
                    to[((batch * a.QueryCount + i) * a.Heads + head) * a.HeadDim + e] = n[e] / z;
            }
        }
    }

    /// <summary>
    /// With dn_i = dy_i / z_i, dz_i = −(dy_i·y_i) / z_i, s_ij = a_i·b_j and g_ij = dn_i·v_j + dz_i: da_i = Σ_j αβ g_ij
    /// b_j, db_j = Σ_i αβ g_ij a_i, dv_j = Σ_i αβ s_ij dn_i, dα_ir = Σ_j β_jr s_ij g_ij and dβ_jr = Σ_i α_ir s_ij g_ij.
    /// </summary>
    public override void KernelAttentionBackward(
        in KernelAttentionArguments arguments, Storage y, Storage normalizers, Storage dy,
        in KernelAttentionGradients gradients)
    {
        KernelAttentionArguments a = arguments;
        KernelAttentionGradients to = gradients;
        int buckets = a.Relation?.Buckets ?? 1;
        if (to.QueryWeights is { } queryWeights)
            Clear(Values(queryWeights), a.Batch * a.Heads * a.QueryCount * buckets, queryWeights.Accumulate);
        if (to.KeyWeights is { } keyWeights)
            Clear(Values(keyWeights), a.Batch * a.Heads * a.KeyCount * buckets, keyWeights.Accumulate);
        foreach ((int batch, int head) in EachHead(a))
            Backward(a, batch, head, Values(y), Values(normalizers), Values(dy), to);
    }

    private static void Backward(
        in KernelAttentionArguments a, int batch, int head, double[] y, double[] normalizers, double[] dy,
        in KernelAttentionGradients to)
    {
        FeatureMap map = a.Map;
        double[][] q = Vectors(a.Queries, batch, head, a.QueryCount, a.Features),
            k = Vectors(a.Keys, batch, head, a.KeyCount, a.Features);
        double[][] queries = Each(q, x => Feature(map, x)), keys = Each(k, x => Feature(map, x));
        double[][] values = Vectors(a.Values, batch, head, a.KeyCount, a.HeadDim), dq = Like(q), dk = Like(k),
            dv = Like(values);
        for (int i = 0; i < a.QueryCount; i++)
        {
            int offset = ((batch * a.QueryCount + i) * a.Heads + head) * a.HeadDim;
            double z = normalizers[(batch * a.Heads + head) * a.QueryCount + i];
            double dz = -Dot(dy.AsSpan(offset, a.HeadDim), y.AsSpan(offset, a.HeadDim)) / z;
            double[] dn = Array.ConvertAll(dy[offset..(offset + a.HeadDim)], value => value / z);
            foreach ((int j, int bucket) in Visible(a, i))
            {
                double alpha = QueryWeight(a, batch, head, i, bucket), beta = KeyWeight(a, batch, head, j, bucket);
                double s = Dot(queries[i], keys[j]), g = Dot(dn, values[j]) + dz;
                AddScaled(alpha * beta * g, keys[j], dq[i]);
                AddScaled(alpha * beta * g, queries[i], dk[j]);
                AddScaled(alpha * beta * s, dn, dv[j]);
                if (to.QueryWeights is not null)
                    Values(to.QueryWeights)[WeightIndex(a, a.QueryCount, batch, head, i, bucket)] += beta * s * g;
                if (to.KeyWeights is not null)
                    Values(to.KeyWeights)[WeightIndex(a, a.KeyCount, batch, head, j, bucket)] += alpha * s * g;
            }
        }

        Multiply(dq, Each(q, x => FeatureDerivative(map, x)));
        Multiply(dk, Each(k, x => FeatureDerivative(map, x)));
        Put(to.Queries, batch, head, dq);
        Put(to.Keys, batch, head, dk);
        Put(to.Values, batch, head, dv);
    }

    private static double Feature(FeatureMap map, double x) => map == FeatureMap.Identity ? x : x > 0 ? x + 1
        : Math.Exp(x);

    private static double FeatureDerivative(FeatureMap map, double x) => map == FeatureMap.Identity || x > 0 ? 1
        : Math.Exp(x);

    private static IEnumerable<(int Batch, int Head)> EachHead(KernelAttentionArguments a) =>
        Enumerable.Range(0, a.Batch * a.Heads).Select(index => (index / a.Heads, index % a.Heads));

    /// <summary>The keys that a query sees, with their buckets.</summary>
    private static IEnumerable<(int Key, int Bucket)> Visible(KernelAttentionArguments a, int query)
    {
        for (int j = 0; j < a.KeyCount; j++)
            if (a.Relation?.IsVisible(query, j) ?? true) yield return (j, a.Relation?.Bucket(query, j) ?? 0);
    }

    private static double QueryWeight(in KernelAttentionArguments a, int batch, int head, int query, int bucket) =>
        a.QueryWeights is null ? 1 : Values(a.QueryWeights)[WeightIndex(a, a.QueryCount, batch, head, query, bucket)];

    private static double KeyWeight(in KernelAttentionArguments a, int batch, int head, int key, int bucket) =>
        a.KeyWeights is null ? 1 : Values(a.KeyWeights)[WeightIndex(a, a.KeyCount, batch, head, key, bucket)];

    private static int WeightIndex(in KernelAttentionArguments a, int tokens, int batch, int head, int token,
        int bucket) =>
        ((batch * a.Heads + head) * tokens + token) * (a.Relation?.Buckets ?? 1) + bucket;

    /// <summary>One head's vectors of one sequence, copied out.</summary>
    private static double[][] Vectors(HeadView view, int batch, int head, int tokens, int width) =>
        [.. Enumerable.Range(0, tokens).Select(
        token => Values(view.Storage).AsSpan(view.Offset + (batch * tokens + token) * view.Stride + head * width,
            width).ToArray())];

    private static double[][] Like(double[][] vectors) =>
        Array.ConvertAll(vectors, vector => new double[vector.Length]);

    private static double[][] Each(double[][] vectors, Converter<double, double> f) =>
        Array.ConvertAll(vectors, vector => Array.ConvertAll(vector, f));

    private static void Multiply(double[][] x, double[][] factors)
    {
        for (int token = 0; token < x.Length; token++)
            for (int e = 0; e < x[token].Length; e++) x[token][e] *= factors[token][e];
    }

    /// <summary>Writes or adds one head's gradients of one sequence.</summary>
    private static void Put(in HeadGradient to, int batch, int head, double[][] vectors)
    {
        for (int token = 0; token < vectors.Length; token++)
            for (int e = 0; e < vectors[token].Length; e++)
                Put(ref Values(to.View.Storage)[to.View.Offset + (batch * vectors.Length + token) * to.View.Stride
                    + head * vectors[token].Length + e],
                    vectors[token][e], to.Accumulate);
    }
}
