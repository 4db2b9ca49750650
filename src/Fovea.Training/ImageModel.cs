using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Training;

/// <summary>An image classifier as training sees it: weights, a way from pictures to class scores, and the size of picture it takes.</summary>
/// <param name="Module">The weights.</param>
/// <param name="Forward"><c>[batch, channel, height, width]</c> to scores <c>[batch, class]</c>.</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public sealed record ImageModel(Module Module, Func<Tensor, Tensor> Forward, int Channels, int Height, int Width);
