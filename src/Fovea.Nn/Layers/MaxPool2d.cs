using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>Largest element of square windows; see <see cref="Ops.MaxPool"/>.</summary>
/// <param name="kernel">Side of a window, pixels.</param>
/// <param name="stride">Step between windows, pixels; 0: the kernel.</param>
/// <param name="padding">Pixels on all four sides that never win.</param>
/// <param name="ceiling">Also windows that reach beyond the padded image.</param>
public sealed class MaxPool2d(int kernel, int stride = 0, int padding = 0, bool ceiling = false) : Module
{
    /// <summary><c>[batch, channel, height, width] → [batch, channel, oh, ow]</c>.</summary>
    public Tensor Forward(Tensor x) => Ops.MaxPool(x, kernel, stride, padding, ceiling);
}
