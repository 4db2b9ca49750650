using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Torch;

/// <summary>A run of numbers that tensors look at.</summary>
/// <param name="Key">Names it among the file's storages.</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Start">Where it begins in the storage of that key, in numbers: above 0 for what old versions call a
/// view.</param>
internal sealed record TorchStorage(string Key, WeightType Type, long Count, long Start = 0)
{
    /// <summary>Bytes that the storage of the key must have.</summary>
    public Int128 BytesNeeded => ((Int128)Start + Count) * Type.Bytes;
}
