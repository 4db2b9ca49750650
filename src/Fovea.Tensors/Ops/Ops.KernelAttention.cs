
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Attention whose weights are products of features, in time linear in the number of tokens:
    /// y_i = Σ_j w_ij v_j / (Σ_j w_ij + ε) with w_ij = α_ir β_jr f(q_i)·f(k_j), r the bucket of (i, j), over the keys
    /// that i sees.
    /// </summary>
    /// <remarks>
    /// Time O(token · feature · headDim) per head and bucket. A relation is planned once: keep it and pass the same one
    /// again. Nothing guards the normaliser: with features that may be 0 or negative it can vanish, and an ε is for the
    /// caller to give. Source: Katharopoulos et al. 2020, "Transformers are RNNs", arXiv:2006.16236, eq. 4 and 5;
    /// docs/attention.md derives the rest.
    /// </remarks>
    /// <param name="q">Queries <c>[batch, query, head, feature]</c>, before f.</param>
    /// <param name="k">Keys <c>[batch, key, head, feature]</c>, before f.</param>
    /// <param name="v">Values <c>[batch, key, head, headDim]</c>.</param>
    /// <param name="map">f.</param>
    /// <param name="relation">Which keys a query sees and in which buckets they fall; null: all, of any number, in one
    /// bucket.</param>
    /// <param name="queryWeights">α <c>[batch, head, query, bucket]</c>; null: 1. Only with a relation.</param>
    /// <param name="keyWeights">β <c>[batch, head, key, bucket]</c>; null: 1. Only with a relation.</param>
    /// <param name="epsilon">ε.</param>
    /// <returns><c>[batch, query, head · headDim]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit together.</exception>
    /// <exception cref="ArgumentException">Queries, keys or values are the same part of one tensor, or there are
    /// weights without a relation.</exception>
    public static Tensor KernelAttention(
        HeadTensor q, HeadTensor k, HeadTensor v, FeatureMap map, TokenRelation? relation = null,
        Tensor? queryWeights = null, Tensor? keyWeights = null,
        float epsilon = 0)
    {
        RequireKernelAttention(q, k, v, relation, queryWeights, keyWeights);
        Tensor?[] inputs = [q.Tensor, k.Tensor, v.Tensor, queryWeights, keyWeights];
        Tensor y = Result([q.Batch, q.Tokens, v.Count * v.Width], inputs);
        Tensor normalizers = Tensor.Empty([q.Batch, q.Count, q.Tokens], y.Device, origin: nameof(KernelAttention));
        KernelAttentionArguments arguments = new(
            q.View, k.View, v.View, q.Batch, q.Count, q.Tokens, k.Tokens, q.Width, v.Width, map, epsilon,
            relation, queryWeights?.Storage, keyWeights?.Storage);
        Backend backend = y.Device.Backend;
        backend.KernelAttention(arguments, y.Storage, normalizers.Storage);
        return Record(y, inputs, output =>
        {
            HeadGradient[] heads = HeadTensor.Gradients(q, k, v);
            Target? dalpha = queryWeights is { RequiresGradient: true } ? queryWeights.GradientTarget() : null;
            Target? dbeta = keyWeights is { RequiresGradient: true } ? keyWeights.GradientTarget() : null;
            backend.KernelAttentionBackward(arguments, output.Storage, normalizers.Storage, GradientOf(output),
                new(heads[0], heads[1], heads[2], dalpha, dbeta));
        }, normalizers);
    }

    /// <summary>
    /// Random features of queries or keys (FAVOR+). With u = scale · x and m features: softmax φ(x) = m^(−1/2) (exp(Pu
    /// − |u|²/2 − max) + ε), so that φ(q)·φ(k) estimates exp(scale² q·k) up to factors that cancel in attention; relu
    /// φ(x) = relu(m^(−1/2) Pu) + ε.
    /// </summary>
    /// <remarks>
    /// Time O(token · feature · headDim) per head. The maximum, of Pu, keeps the exponents below 0 for vectors of any
    /// length; the backward pass takes it as a constant, which with ε = 0 changes nothing behind
    /// <see cref="KernelAttention"/>. Source: Choromanski et al. 2021, "Rethinking attention with Performers",
    /// arXiv:2009.14794, lemma 1 and section 2.3.
    /// </remarks>
    /// <param name="x">Queries or keys <c>[batch, token, head, headDim]</c>.</param>
    /// <param name="projection">P <c>[feature, headDim]</c>: rows of random directions. It gets no gradient.</param>
    /// <param name="kernel">Which features.</param>
    /// <param name="scale">Factor of x; null: headDim^(−1/4) for softmax, 1 for relu.</param>
    /// <param name="stabilizer">ε; null: 1e-6 for softmax, 1e-3 for relu.</param>
    /// <param name="keys">The maximum is shared by all tokens of a sequence and head, which keys need; else each token
    /// has its own.</param>
    /// <returns><c>[batch, token, head · feature]</c>.</returns>
    /// <exception cref="ShapeException">The projection's rows are not as long as a head's vector.</exception>
    public static Tensor RandomFeatures(
        HeadTensor x, Tensor projection, FeatureKernel kernel, bool keys, float? scale = null, float? stabilizer = null)
    {
        x.Require(nameof(x), nameof(RandomFeatures));
        if (projection.Shape.Rank != 2 || projection.Shape[1] != x.Width || projection.Shape[0] == 0)
            throw new ShapeException(
                $"RandomFeatures: projection must be [feature, {x.Width}] for heads of that width, got "
                    + $"{projection.Shape}.");
        int features = projection.Shape[0];
        bool softmax = kernel == FeatureKernel.Softmax;
        Tensor y = Result([x.Batch, x.Tokens, x.Count * features], [x.Tensor, projection]);
        RandomFeaturesArguments arguments = new(
            x.View, projection.Storage, x.Batch, x.Tokens, x.Count, x.Width, features, kernel,
            scale ?? (softmax ? MathF.Pow(x.Width, -0.25f) : 1), stabilizer ?? (softmax ? 1e-6f : 1e-3f), keys);
        Backend backend = y.Device.Backend;
        backend.RandomFeatures(arguments, y.Storage);
        return Record(y, [x.Tensor],
            output => backend.RandomFeaturesBackward(arguments, output.Storage, GradientOf(output),
                HeadTensor.Gradients(x)[0]));
    }

    private static void RequireKernelAttention(HeadTensor q, HeadTensor k, HeadTensor v, TokenRelation? relation,
        Tensor? queryWeights, Tensor? keyWeights)
    {
        const string Origin = nameof(KernelAttention);
        q.Require("queries", Origin);
        k.Require("keys", Origin);
        v.Require("values", Origin);
        if (q.Count != k.Count || q.Count != v.Count || q.Batch != k.Batch || q.Batch != v.Batch || q.Width != k.Width
            || k.Tokens != v.Tokens)
            throw new ShapeException(
                $"{Origin}: queries {Text(q)}, keys {Text(k)} and values {Text(v)} must agree in batch and heads, "
                    + "queries and keys in width, "
                + "keys and values in tokens.");
        if (Overlap(q, k) || Overlap(q, v) || Overlap(k, v))
            throw new ArgumentException(
                $"{Origin}: queries, keys and values must be different parts or tensors, because each gets a gradient "
                    + "of its own.");
        if (relation is null && (queryWeights ?? keyWeights) is not null)
            throw new ArgumentException(
                $"{Origin}: query and key weights need a relation, which says what their buckets are.");
        if (k.Tokens == 0) throw new ShapeException($"{Origin}: there must be at least one key, got {k.Tensor.Shape}.");
        if (relation is not null && (relation.Tokens != q.Tokens || relation.Tokens != k.Tokens))
            throw new ShapeException(
                $"{Origin}: the relation is between {relation.Tokens} tokens, got {q.Tokens} queries and {k.Tokens} "
                    + "keys.");
        int buckets = relation?.Buckets ?? 1;
        RequireShape(queryWeights, [q.Batch, q.Count, q.Tokens, buckets], "query weights", Origin);
        RequireShape(keyWeights, [q.Batch, q.Count, k.Tokens, buckets], "key weights", Origin);
    }

    private static string Text(HeadTensor heads) =>
        $"[{heads.Batch}, {heads.Tokens}, {heads.Count} heads, {heads.Width}]";

    private static bool Overlap(HeadTensor a, HeadTensor b) =>
        ReferenceEquals(a.Tensor, b.Tensor) && a.Part * b.Parts < (b.Part + 1) * a.Parts
            && b.Part * a.Parts < (a.Part + 1) * b.Parts;
}
