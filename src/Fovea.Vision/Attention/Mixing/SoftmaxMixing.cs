using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention.Mixing;

/// <summary>o_i = Σ_j softmax_j(q_i·k_j / √headDim) v_j. Time O(query · key · headDim) per head; scores are tiled
/// unless probabilities drop or there is a bias.</summary>
internal sealed class SoftmaxMixing : KeyMixing
{
    private readonly float _scale;
    private readonly int _width, _heads;
    private readonly Dropout _dropout;

    public SoftmaxMixing(AttentionContext context)
    {
        (_heads, _width) = (context.Heads, context.Heads * context.HeadDim);
        _scale = 1 / MathF.Sqrt(context.HeadDim);
        _dropout = Register("attn_drop", new Dropout(context.Dropout));
    }

    public override Tensor Forward(HeadTensor queries, HeadTensor keys, HeadTensor values, Tensor? bias = null)
    {
        if (!_dropout.IsActive && bias is null) return Ops.Attention(queries, keys, values, _scale);
        return PackedHeads.Merge(Ops.MatMul(_dropout.Forward(Weights(queries, keys, bias)), PackedHeads.Split(values)));
    }

    public override double Macs(double queries, double keys) => 2 * queries * keys * _width;

    public override double Exponentials(double queries, double keys) => queries * keys * _heads;

    public override Tensor Weights(HeadTensor queries, HeadTensor keys, Tensor? bias = null)
    {
        Tensor scores = Ops.MatMul(PackedHeads.Split(queries), PackedHeads.Split(keys), transposeB: true,
            scale: _scale);
        return Ops.Softmax(bias is null ? scores : Ops.Add(scores, bias));
    }
}
