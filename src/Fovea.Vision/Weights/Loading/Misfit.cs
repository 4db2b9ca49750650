using Fovea.Tensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Loading;

/// <summary>A tensor whose shape cannot be made to fit.</summary>
internal sealed record Misfit(string Name, Weight Source, Shape Wanted);
