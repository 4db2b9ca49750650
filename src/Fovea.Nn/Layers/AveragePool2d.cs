using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>Mean of square windows; see <see cref="Ops.AveragePool"/>.</summary>
/// <param name="kernel">Side of a window, pixels.</param>
/// <param name="stride">Step between windows, pixels; 0: the kernel.</param>
/// <param name="padding">Zeros on all four sides, pixels.</param>
/// <param name="ceiling">Also windows that reach beyond the padded image.</param>
/// <param name="countPadding">The padding's zeros count as elements of the mean.</param>
public sealed class AveragePool2d(int kernel, int stride = 0, int padding = 0, bool ceiling = false,
    bool countPadding = true) : Module
{
    /// <summary><c>[batch, channel, height, width] → [batch, channel, oh, ow]</c>.</summary>
    public Tensor Forward(Tensor x) => Ops.AveragePool(x, kernel, stride, padding, ceiling, countPadding);
}
