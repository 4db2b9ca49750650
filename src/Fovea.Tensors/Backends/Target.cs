namespace Fovea.Tensors;

/// <summary>Destination of a result: a buffer, and whether the result is added to its contents or replaces
/// them.</summary>
/// <param name="Storage">The buffer.</param>
/// <param name="Accumulate">Add to the contents; otherwise they are overwritten and may be unset.</param>
public readonly record struct Target(Storage Storage, bool Accumulate = false);
