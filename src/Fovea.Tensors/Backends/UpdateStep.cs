namespace Fovea.Tensors;

/// <summary>One parameter's step of an optimiser.</summary>
/// <param name="Arguments">Step size and the rest.</param>
/// <param name="Parameter">Changed.</param>
/// <param name="Gradient">Read.</param>
/// <param name="State">Changed: what the optimiser keeps from step to step; which tensors and in which order, its
/// arguments say.</param>
/// <param name="Count">Elements of each.</param>
/// <typeparam name="TArguments">Arguments of the optimiser, e.g. <see cref="AdamArguments"/>.</typeparam>
public readonly record struct UpdateStep<TArguments>(
    TArguments Arguments, Storage Parameter, Storage Gradient, Storage[] State, int Count)
{
    /// <summary>A tensor of the state that there need not be, by its place.</summary>
    internal Storage? StateAt(int index) => index < State.Length ? State[index] : null;
}
