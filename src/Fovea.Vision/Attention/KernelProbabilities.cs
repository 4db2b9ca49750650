using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>The weights that kernel attention uses but never stores, by an unfused path: to look at attention, not to train.</summary>
public static class KernelProbabilities
{
    /// <summary>p_ij = a_i·b_j / (Σ_j a_i·b_j + ε).</summary>
    /// <param name="queries">Features a <c>[batch, head, query, feature]</c>.</param>
    /// <param name="keys">Features b <c>[batch, head, key, feature]</c>.</param>
    /// <param name="epsilon">ε.</param>
    /// <returns><c>[batch, head, query, key]</c>; without ε rows sum to 1.</returns>
    /// <exception cref="ShapeException">The sizes do not fit together.</exception>
    public static Tensor Of(Tensor queries, Tensor keys, float epsilon = 0)
    {
        Tensor products = Ops.MatMul(queries, keys, transposeB: true);
        Tensor sums = Ops.Sum(products, 3).Reshape(queries.Shape[0], queries.Shape[1], queries.Shape[2], 1);
        return Ops.Divide(products, epsilon == 0 ? sums : Ops.Add(sums, Tensor.Full([1], epsilon, sums.Device)));
    }
}
