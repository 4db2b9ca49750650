using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Swin;

/// <summary>
/// Four neighbours become one token: W norm([x_(2i, 2j), x_(2i+1, 2j), x_(2i, 2j+1), x_(2i+1, 2j+1)]), <c>[batch,
/// token, dim] → [batch, token / 4, 2 · dim]</c> (Liu et al. 2021, "Swin Transformer", arXiv:2103.14030, section 3.1).
/// A grid of odd rows or columns ends in zeros, as in timm.
/// </summary>
internal sealed class PatchMerging : Module
{
    private readonly RowNorm _norm;
    private readonly Linear _reduction;

    /// <param name="dim">Elements of a token.</param>
    /// <param name="norm">Makes a norm of so many elements.</param>
    internal PatchMerging(int dim, Func<int, RowNorm> norm)
    {
        _norm = Register("norm", norm(4 * dim));
        _reduction = Register("reduction", new Linear(4 * dim, 2 * dim, bias: false, Init.TruncatedNormal(0.02)));
    }

    /// <summary>MACs for one sequence.</summary>
    /// <param name="merged">Tokens that come out.</param>
    internal double Macs(int merged) => (double)merged * _reduction.Weight.Shape.Elements;

    internal Tensor Forward(Tensor x, TokenGrid grid)
    {
        (int batch, int dim) = (x.Shape[0], x.Shape[2]);
        Tensor image = Even(Even(x.Reshape(batch, grid.Rows, grid.Columns, dim), 1), 2);
        (int rows, int columns) = (image.Shape[1] / 2, image.Shape[2] / 2);
        Tensor cells = Ops.Permute(image.Reshape(batch, rows, 2, columns, 2, dim), 0, 1, 3, 4, 2, 5);
        return _reduction.Forward(_norm, cells.Reshape(batch, rows * columns, 4 * dim));
    }

    private static Tensor Even(Tensor image, int axis)
    {
        if (image.Shape[axis] % 2 == 0) return image;
        int[] sizes = [.. image.Shape];
        sizes[axis] = 1;
        return Ops.Concat(axis, image, Tensor.Zeros(Shape.Create(sizes), image.Device));
    }
}
