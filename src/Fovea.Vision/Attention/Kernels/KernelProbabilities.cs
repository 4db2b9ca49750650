using Fovea.Tensors;

namespace Fovea.Vision.Attention.Kernels;

/// <summary>The weights that kernel attention uses but never stores, by an unfused path: to look at attention, not to
/// train.</summary>
public static class KernelProbabilities
{
    /// <summary>p_ij = a_i·b_j / (Σ_j a_i·b_j + ε).</summary>
    /// <param name="queries">Features a <c>[batch, head, query, feature]</c>.</param>
    /// <param name="keys">Features b <c>[batch, head, key, feature]</c>.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="relation">Hidden keys get 0; buckets choose the weights. Null: all keys, one bucket.</param>
    /// <param name="queryWeights">α <c>[batch, head, query, bucket]</c>; null: 1.</param>
    /// <param name="keyWeights">β <c>[batch, head, key, bucket]</c>; null: 1.</param>
    /// <returns><c>[batch, head, query, key]</c>; without ε rows sum to 1.</returns>
    /// <exception cref="ShapeException">The sizes do not fit together.</exception>
    public static Tensor Of(
        Tensor queries, Tensor keys, float epsilon = 0, TokenRelation? relation = null, Tensor? queryWeights = null,
        Tensor? keyWeights = null)
    {
        Tensor products = Ops.MatMul(queries, keys, transposeB: true);
        if (relation is not null)
            products = Ops.Multiply(products,
                Factors(relation, queryWeights, keyWeights, products.Shape, products.Device));
        Tensor sums = Ops.Sum(products, 3).Reshape(queries.Shape[0], queries.Shape[1], queries.Shape[2], 1);
        return Ops.Divide(products, epsilon == 0 ? sums : Ops.Add(sums, Tensor.Full([1], epsilon, sums.Device)));
    }

    /// <summary>α_ir β_jr of every pair, 0 where j is hidden from i.</summary>
    private static Tensor Factors(TokenRelation relation, Tensor? queryWeights, Tensor? keyWeights, Shape shape,
        Device device)
    {
        float[]? alpha = queryWeights?.ToArray(), beta = keyWeights?.ToArray();
        (int n, int buckets) = (relation.Tokens, relation.Buckets);
        float[] factors = new float[shape.Elements];
        for (int head = 0; head < shape[0] * shape[1]; head++)
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                {
                    if (!relation.IsVisible(i, j)) continue;
                    int bucket = relation.Bucket(i, j);
                    factors[(head * n + i) * n + j] = (alpha?[(head * n + i) * buckets + bucket]
                        ?? 1) * (beta?[(head * n + j) * buckets + bucket] ?? 1);
                }

        return Tensor.From(factors, shape, device);
    }
}
