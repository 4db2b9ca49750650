using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>Fills in first values; see <see cref="Init"/>.</summary>
/// <param name="values">All elements, row-major; to be overwritten.</param>
/// <param name="shape">Their shape, from which the fans follow.</param>
/// <param name="random">A stream for this tensor alone; element i draws number i, so the order does not matter.</param>
public delegate void Initializer(float[] values, Shape shape, Philox random);
