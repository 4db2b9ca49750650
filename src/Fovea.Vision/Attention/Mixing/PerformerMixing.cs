using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;

namespace Fovea.Vision.Attention.Mixing;

/// <summary>
/// o_i = φ(q_i)ᵀ (Σ_j φ(k_j) v_jᵀ) / φ(q_i)ᵀ Σ_j φ(k_j) with the random features of <see cref="PerformerAttention"/>.
/// Time O((query + key) · feature · headDim) per head.
/// </summary>
internal sealed class PerformerMixing : KeyMixing
{
    private readonly AttentionContext _context;
    private readonly RandomProjection _projection;

    public PerformerMixing(AttentionContext context, PerformerOptions options)
    {
        context.RequireNoDropout("mix=performer");
        _context = context;
        _projection = Register("", new RandomProjection(context.HeadDim, options));
    }

    public override Tensor Forward(HeadTensor queries, HeadTensor keys, HeadTensor values, Tensor? bias = null) =>
        _projection.Mix(queries, keys, values);

    public override double Macs(double queries, double keys) => _projection.Macs(queries, keys, _context);

    public override double Exponentials(double queries, double keys) =>
        _projection.Exponentials(queries, keys, _context);

    public override Tensor Weights(HeadTensor queries, HeadTensor keys, Tensor? bias = null) =>
        _projection.Weights(queries, keys);
}
