using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>
/// Collects what each block attended to in one forward pass: <c>model.Forward(images, recorder)</c>. The maps are kept beyond their step
/// scope; dispose of the recorder to give them back.
/// </summary>
public sealed class AttentionRecorder : IDisposable
{
    private readonly List<Tensor> _maps = [];

    /// <summary>One map per block, <c>[batch, head, token, token]</c>: row = who looks, column = at whom.</summary>
    public IReadOnlyList<Tensor> Maps => _maps;

    /// <summary>Releases the maps.</summary>
    public void Dispose()
    {
        foreach (Tensor map in _maps) map.Release();
        _maps.Clear();
    }

    internal void Record(IAttention attention, AttentionInput input)
    {
        using IDisposable pause = Tape.Pause();   // to look at, not to differentiate
        using StepScope scope = StepScope.Begin();
        _maps.Add(attention.Probabilities(input).Keep());
    }
}
