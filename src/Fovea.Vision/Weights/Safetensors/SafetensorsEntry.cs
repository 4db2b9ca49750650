using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Safetensors;

/// <summary>One tensor of a safetensors file: where it is and what it is.</summary>
/// <param name="Name">For example <c>blocks.0.attn.qkv.weight</c>.</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Shape">Sizes, slowest first; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the start of the data section.</param>
/// <param name="End">Byte after the last.</param>
public sealed record SafetensorsEntry(string Name, WeightType Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type.Text} [{string.Join(", ", Shape)}]";
}
