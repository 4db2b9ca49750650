using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>
/// o_i = φ(q_i)ᵀ (Σ_j φ(k_j) v_jᵀ) / φ(q_i)ᵀ Σ_j φ(k_j) with the random features of <see cref="PerformerAttention"/>. Time O((query + key) · feature · headDim) per head.
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

    public override Tensor Forward(Heads queries, Heads keys, Heads values)
    {
        _projection.CountStep();
        return Ops.KernelAttention(
            new(_projection.Features(queries, keys: false), queries.Count), new(_projection.Features(keys, keys: true), keys.Count), values, FeatureMap.Identity);
    }

    public override double MultiplyAdds(double queries, double keys) => _projection.MultiplyAdds(queries, keys, _context);

    public override Tensor Weights(Heads queries, Heads keys) => KernelProbabilities.Of(
        PackedHeads.Split(_projection.Features(queries, keys: false), 1, queries.Count)[0],
        PackedHeads.Split(_projection.Features(keys, keys: true), 1, keys.Count)[0]);
}
