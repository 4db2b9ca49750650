namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>Panels of a weight, kept beside it.</summary>
/// <param name="Panels">The panels, with what belongs to them.</param>
/// <param name="Rows">Rows of the weight that they were made from.</param>
/// <param name="Columns">Its columns.</param>
internal sealed record PackedWeight(CpuStorage Panels, int Rows, int Columns);
