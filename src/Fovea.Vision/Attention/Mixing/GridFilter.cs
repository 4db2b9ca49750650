using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Mixing;

/// <summary>Depthwise convolution of tokens over the grid of patches, parameters <c>dwc.weight [width, 1, kernel,
/// kernel]</c> and <c>dwc.bias [width]</c>; tokens before the patches lie nowhere in the image, and get 0.</summary>
internal sealed class GridFilter : Module
{
    private readonly Conv2d _convolution;

    /// <param name="width">Elements with a kernel of their own.</param>
    /// <param name="kernel">Rows and columns of patches, odd.</param>
    public GridFilter(int width, int kernel) => _convolution = Register("dwc",
        new Conv2d(width, width, kernel, padding: kernel / 2, groups: width));

    /// <param name="x"><c>[batch, token, part · head · width]</c>; all heads have the same kernels.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <returns><c>[batch, token, head · width]</c>.</returns>
    public Tensor Forward(HeadTensor x, TokenGrid grid)
    {
        Parameter weight = _convolution.Weight;
        Tensor kernel = Ops.Permute(weight.Value.Reshape(weight.Shape[0], -1), 1, 0);
        Tensor patches = Ops.GridConvolution(x, new(grid.Rows, grid.Columns), kernel, _convolution.Bias,
            prefix: grid.Prefix);
        return grid.Prefix == 0 ? patches
            : Ops.Concat(1, Tensor.Zeros(patches.Shape.With(1, grid.Prefix), patches.Device), patches);
    }

    /// <summary>MACs for one sequence.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="width">Elements of a token.</param>
    public double Macs(TokenGrid grid, int width) =>
        (double)grid.Patches * width * _convolution.Weight.Shape[2] * _convolution.Weight.Shape[3];
}
