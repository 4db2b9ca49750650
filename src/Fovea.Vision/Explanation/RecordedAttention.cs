using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Explanation;

/// <summary>Attention of one block in a forward pass. It belongs to its <see cref="AttentionRecorder"/>.</summary>
public sealed class RecordedAttention
{
    private readonly Tensor? _values, _probe;

    internal RecordedAttention(IAttention mechanism, Tensor map, SamplingLocations? locations, Tensor? values,
        Tensor? probe)
    {
        Mechanism = mechanism;
        Map = map;
        SamplingLocations = locations;
        _values = values;
        _probe = probe;
    }

    /// <summary>The mechanism.</summary>
    public IAttention Mechanism { get; }

    /// <summary>The weights with which values were mixed, <c>[batch, head, token, token]</c>: row = query, column =
    /// key.</summary>
    public Tensor Map { get; }

    /// <summary>Sampling locations between the patches; null for mechanisms that read tokens.</summary>
    public SamplingLocations? SamplingLocations { get; }

    /// <summary>
    /// What <see cref="Tape.Backward(Tensor, Tensor?)"/> started from, differentiated with respect to the map,
    /// <c>[batch, head, token, token]</c>, owned by the running scope. Every mechanism mixes values linearly, o_i = Σ_j
    /// a_ij v_j, fused or not, so ∂L/∂a_ij = ∂L/∂o_i · v_j: the map itself need not be on the tape.
    /// </summary>
    /// <exception cref="InvalidOperationException">The recorder was made without gradients, or nothing was
    /// differentiated.</exception>
    public Tensor Gradient()
    {
        if (_values is null || _probe?.Gradient is not { } mixed)
            throw new InvalidOperationException(
                "RecordedAttention: record with new AttentionRecorder(gradients: true) on a tape, and call Backward "
                    + "first.");
        using IDisposable pause = Tape.Pause();
        return Ops.MatMul(PackedHeads.Split(new HeadTensor(mixed, Map.Shape[1])), _values, transposeB: true);
    }

    internal void Release()
    {
        foreach (Tensor? tensor in (Tensor?[])[Map, SamplingLocations?.Locations, SamplingLocations?.Weights, _values,
            _probe]) tensor?.Release();
    }
}
