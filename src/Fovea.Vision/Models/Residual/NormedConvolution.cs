using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Vision.Models.Residual;

/// <summary>A convolution without bias and the batch norm behind it.</summary>
internal readonly record struct NormedConvolution(Conv2d Convolution, BatchNorm2d Norm)
{
    /// <summary>relu?(norm(convolution(x)) + residual).</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null, bool relu = false) =>
        Norm.Forward(Convolution, x, residual, relu);

    /// <summary>MACs for one image, whose size becomes that of the result.</summary>
    public double Macs(ref int size)
    {
        double total = Convolution.Macs(size, size);
        size = Convolution.Positions(size);
        return total;
    }
}
