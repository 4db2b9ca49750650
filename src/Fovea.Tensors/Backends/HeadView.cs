namespace Fovea.Tensors;

/// <summary>
/// Vectors of heads inside a buffer: element e of head h of token t of sequence b is at <c>Offset + (b · tokens + t) ·
/// Stride + h · width + e</c>.
/// </summary>
/// <param name="Storage">The buffer.</param>
/// <param name="Offset">Elements before the first vector.</param>
/// <param name="Stride">Elements from one token to the next.</param>
public readonly record struct HeadView(Storage Storage, int Offset, int Stride);

/// <summary>Destination of the gradient of a <see cref="HeadView"/>.</summary>
/// <param name="View">The same vectors in the gradient's buffer.</param>
/// <param name="Accumulate">Add to what is there.</param>
public readonly record struct HeadGradient(HeadView View, bool Accumulate);
