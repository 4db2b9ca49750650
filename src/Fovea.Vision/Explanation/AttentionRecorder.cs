using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Explanation;

/// <summary>
/// Collects what each block attended to in one forward pass: <c>model.Forward(images, recorder)</c>. The maps are kept
/// beyond their step scope; dispose of the recorder to give them back.
/// </summary>
/// <param name="gradients">Also make it possible to ask for the gradients of the maps; see
/// <see cref="RecordedAttention.Gradient"/>.</param>
public sealed class AttentionRecorder(bool gradients = false) : IAttentionRecorder, IDisposable
{
    private readonly List<RecordedAttention> _blocks = [];

    /// <summary>One map per block, <c>[batch, head, token, token]</c>: row = query, column = key.</summary>
    public IReadOnlyList<Tensor> Maps => [.. _blocks.Select(block => block.Map)];

    /// <summary>Record of each block.</summary>
    public IReadOnlyList<RecordedAttention> Blocks => _blocks;

    /// <summary>Weights of the patches in the model's answer, <c>[batch, 1, patch]</c>, where they are learned
    /// (sequence pooling); else null.</summary>
    public Tensor? PoolingWeights { get; private set; }

    /// <summary>Releases the maps.</summary>
    public void Dispose()
    {
        foreach (RecordedAttention block in _blocks) block.Release();
        PoolingWeights?.Release();
        PoolingWeights = null;
        _blocks.Clear();
    }

    /// <summary>
    /// Keeps the map of a mechanism. For gradients a probe of zeros is added to its result: the probe's gradient is
    /// that of the result, and unlike that it stays behind after the backward pass.
    /// </summary>
    /// <inheritdoc/>
    public Tensor Record(IAttention mechanism, AttentionInput input, Tensor mixed)
    {
        Tensor map;
        Tensor? values = null, probe = null;
        SamplingLocations? locations;
        using (Tape.Pause())   // to look at, not to differentiate
        using (StepScope scope = StepScope.Begin())
        {
            map = mechanism.Probabilities(input).Keep();
            locations = (mechanism as ISamplingAttention)?.Locate(input).Keep();
            if (gradients)
            {
                int parts = input.Projected.Shape[2] / mixed.Shape[2];
                values = PackedHeads.Split(new HeadTensor(input.Projected, map.Shape[1], parts, parts - 1)).Keep();
                probe = Tensor.Zeros(mixed.Shape, mixed.Device).Keep();
                probe.RequiresGradient = true;
            }
        }

        _blocks.Add(new(mechanism, map, locations, values, probe));
        return probe is null ? mixed : Ops.Add(mixed, probe);
    }

    /// <inheritdoc/>
    public void RecordPooling(Tensor weights) => PoolingWeights = weights.Keep();
}
