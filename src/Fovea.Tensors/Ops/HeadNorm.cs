namespace Fovea.Tensors;

/// <summary>A norm of each head's vector: layer norm, or RMS norm where there is no shift.</summary>
/// <param name="Gamma">Scale <c>[headDim]</c>.</param>
/// <param name="Beta">Shift <c>[headDim]</c>; null: RMS norm.</param>
/// <param name="Epsilon">Added to the variance, or to the mean square.</param>
public readonly record struct HeadNorm(Tensor Gamma, Tensor? Beta, float Epsilon);
