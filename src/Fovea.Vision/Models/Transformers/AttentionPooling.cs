using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Vision.Models.Transformers;

/// <summary>
/// MAP pooling: one learned query attends to all patch tokens, head by head; a residual MLP follows.
/// </summary>
/// <remarks><code>
/// q = W_q latent,  [k_i, v_i] = W_kv x_i        a_i = softmax_i(q·k_i / √headDim)
/// y = W_o Σ_i a_i v_i,  result = y + mlp(norm(y))
/// [batch, token, dim]  →  [batch, dim]
/// </code>
/// Parameter names and first values are those of timm's <c>AttentionPoolLatent</c>. Source: Lee et al. 2019, "Set
/// Transformer", arXiv:1810.00825, section 3.2; Zhai et al. 2022, "Scaling Vision Transformers", arXiv:2106.04560; used
/// by SigLIP.
/// </remarks>
internal sealed class AttentionPooling : Module
{
    private readonly int _heads, _headDim;
    private readonly Parameter _latent;
    private readonly Linear _query, _keyValue, _projection;
    private readonly RowNorm _norm;
    private readonly Mlp _mlp;

    internal AttentionPooling(VisionTransformerConfig config)
    {
        (_heads, _headDim) = (config.Heads, config.HeadSize);
        int dim = config.Dim, width = _heads * _headDim;
        Initializer weights = WeightInits.Of(config.WeightInit);
        _latent = Register(new Parameter("latent", [1, 1, dim], Init.TruncatedNormal(1 / Math.Sqrt(dim)),
            decay: false));
        _query = Register("q", new Linear(dim, width, config.QkvBias, weights, Init.Zeros));
        _keyValue = Register("kv", new Linear(dim, 2 * width, config.QkvBias, weights, Init.Zeros));
        _projection = Register("proj", new Linear(width, dim, true, weights, Init.Zeros));
        _norm = Register("norm", config.CreateNorm(dim));
        int hidden = config.HiddenSize > 0 ? config.HiddenSize : 4 * dim;
        UnaryOperator activation = config.GatedMlp ? UnaryOperator.Gelu : config.Activation;
        _mlp = Register("mlp", new Mlp(dim, hidden, activation, 0, weights, Init.Zeros));
    }

    /// <summary>MACs for one sequence.</summary>
    internal double Macs(int tokens)
    {
        double perToken = _keyValue.Weight.Shape.Elements + 2.0 * _heads * _headDim;
        return tokens * perToken + _query.Weight.Shape.Elements + _projection.Weight.Shape.Elements
            + _mlp.Fc1.Weight.Shape.Elements + _mlp.Fc2.Weight.Shape.Elements;
    }

    /// <param name="tokens">Normed patch tokens, <c>[batch, token, dim]</c>.</param>
    /// <returns>The pooled vector <c>[batch, dim]</c>, and what it was made of, the mean over the heads <c>[batch, 1,
    /// token]</c>.</returns>
    internal (Tensor Pooled, Func<Tensor> Weights) Forward(Tensor tokens)
    {
        (int batch, int count, int width) = (tokens.Shape[0], tokens.Shape[1], _heads * _headDim);
        Tensor q = Ops.Expand(_query.Forward(_latent.Value.Reshape(1, -1)).Reshape(1, _heads, 1, _headDim),
            batch, _heads, 1, _headDim);
        Tensor packed = _keyValue.Forward(tokens);
        Tensor k = Heads(Ops.Slice(packed, 2, 0, width)), v = Heads(Ops.Slice(packed, 2, width, width));
        Tensor weights = Ops.Softmax(Ops.MatMul(q, k, transposeB: true, scale: 1 / MathF.Sqrt(_headDim)));
        Tensor y = _projection.Forward(Ops.MatMul(weights, v).Reshape(batch, width));
        return (_mlp.Forward(_norm, y, residual: y),
            () => Ops.Mean(weights.Reshape(batch, _heads, count), 1).Reshape(batch, 1, count));

        Tensor Heads(Tensor x) => Ops.Permute(x.Reshape(batch, count, _heads, _headDim), 0, 2, 1, 3);
    }
}
