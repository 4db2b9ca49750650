using Fovea.Tensors;

namespace Fovea.Vision.Attention.Contract;

/// <summary>A mechanism with parameters whose shapes depend on the grid of tokens.</summary>
internal interface IGridWeights
{
    /// <summary>A parameter learned on another square grid, resampled to this one; others as they are.</summary>
    /// <param name="name">The parameter's name inside the mechanism.</param>
    /// <param name="value">What was learned.</param>
    Tensor AdaptWeight(string name, Tensor value);
}
