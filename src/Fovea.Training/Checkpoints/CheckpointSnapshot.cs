using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Checkpoints;

/// <summary>All that a run goes on from, as it was at one moment: a copy in memory of the host, whose buffers serve
/// again for the next one.</summary>
internal sealed class CheckpointSnapshot
{
    private float[][] _buffers = [];
    private Weight[] _tensors = [];
    private Dictionary<string, string> _metadata = [];

    /// <summary>Copies everything. A device that is still computing is waited for.</summary>
    public void Take(CheckpointHead head, Module module, Optimizer optimizer, WeightAverage? average)
    {
        using IDisposable? swap = optimizer.SwapIn();   // the weights of a checkpoint are those to evaluate
        (List<Weight> tensors, _metadata) = CheckpointWriter.Contents(head, module, optimizer, average);
        Array.Resize(ref _buffers, tensors.Count);
        _tensors = new Weight[tensors.Count];
        for (int i = 0; i < _tensors.Length; i++)
        {
            if (_buffers[i]?.Length != tensors[i].Count)
                _buffers[i] = GC.AllocateUninitializedArray<float>((int)tensors[i].Count);
            float[] values = _buffers[i];
            tensors[i].Values(0, values);
            _tensors[i] = tensors[i] with
            {
                Values = (first, part) => values.AsSpan((int)first, part.Length).CopyTo(part),
            };
        }
    }

    /// <summary>Writes the copy as a checkpoint.</summary>
    public void Write(Stream stream) => SafetensorsWriter.Write(stream, _tensors, _metadata);
}
