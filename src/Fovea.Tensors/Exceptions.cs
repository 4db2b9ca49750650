namespace Fovea.Tensors;

/// <summary>Shapes that do not fit together; the message names operator, expectation and what came.</summary>
public sealed class ShapeException(string message) : ArgumentException(message);

/// <summary>A pass cannot be compiled; the message says why. It can be computed as always.</summary>
public sealed class NotCompilableException(string message) : InvalidOperationException(message);

/// <summary>A tensor was used after its buffer had gone back to the pool.</summary>
public sealed class TensorReleasedException(string message) : InvalidOperationException(message);
