namespace Fovea.Tensors;

/// <summary>Change of one parameter by an optimiser's step.</summary>
/// <param name="Arguments">Step size and the rest, e.g. <see cref="AdamArguments"/>, which names the state.</param>
/// <param name="Parameter">Changed.</param>
/// <param name="Gradient">Read.</param>
/// <param name="State">Changed: of the parameter's shape, in the order that the arguments name.</param>
/// <typeparam name="TArguments">Arguments of the optimiser.</typeparam>
public readonly record struct ParameterChange<TArguments>(
    TArguments Arguments, Tensor Parameter, Tensor Gradient, params Tensor[] State);
