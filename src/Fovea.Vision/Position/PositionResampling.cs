using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// Positions learned on one grid of patches, read on another: what lets a model take images of another size
/// (Dosovitskiy et al. 2021, section 3.2). The grid of positions is resized as an image is, with as many channels as a
/// token has elements, antialiased bicubic and corners not aligned: timm's <c>resample_abs_pos_embed</c>. This is
/// linear, and the gradient reaches the table that was resampled.
/// </summary>
public static class PositionResampling
{
    /// <summary>The table of another grid.</summary>
    /// <param name="table"><c>[1, prefix + row · column, dim]</c>.</param>
    /// <param name="from">The table's grid.</param>
    /// <param name="to">The grid wanted; the same prefix, whose positions are copied.</param>
    /// <param name="resampling">How new positions are made of old ones.</param>
    /// <param name="antialias">Where the new grid is coarser, look at all positions under a new one.</param>
    /// <returns><c>[1, prefix + row' · column', dim]</c>.</returns>
    /// <exception cref="ShapeException">The table is not of that grid, or the prefixes differ.</exception>
    public static Tensor Resample(
        Tensor table, TokenGrid from, TokenGrid to, Resampling resampling = Resampling.Bicubic, bool antialias = true)
    {
        if (table.Shape.Rank != 3 || table.Shape[0] != 1 || table.Shape[1] != from.Tokens)
            throw new ShapeException(
                $"PositionResampling: positions of {Describe(from)} must be [1, {from.Tokens}, dim], "
                + $"got {table.Shape}.");
        if (from.Prefix != to.Prefix || from.Patches < 1 || to.Patches < 1)
            throw new ShapeException($"PositionResampling: cannot go from {Describe(from)} to {Describe(to)}.");
        int prefix = from.Prefix, dim = table.Shape[2];
        Tensor patches = prefix == 0 ? table : Ops.Slice(table, 1, prefix, from.Patches);
        Tensor image = Ops.Permute(patches, 0, 2, 1).Reshape(1, dim, from.Rows, from.Columns);
        Tensor resized = Ops.Resize(image, to.Rows, to.Columns, resampling, antialias);
        Tensor result = Ops.Permute(resized.Reshape(1, dim, to.Patches), 0, 2, 1);
        return prefix == 0 ? result : Ops.Concat(1, Ops.Slice(table, 1, 0, prefix), result);
    }

    /// <summary>The grid of a table whose image was square, as timm assumes; null where it cannot have been.</summary>
    /// <param name="tokens">Rows of the table.</param>
    /// <param name="prefix">How many of them stand before the patches.</param>
    public static TokenGrid? SquareGrid(int tokens, int prefix)
    {
        int side = (int)Math.Round(Math.Sqrt(Math.Max(0, tokens - prefix)));
        return side > 0 && side * side == tokens - prefix ? new(prefix, side, side) : null;
    }

    /// <summary>The table, resampled where the images are not of its size.</summary>
    internal static Tensor Fit(Tensor table, TokenGrid own, TokenGrid grid) => own == grid ? table
        : Resample(table, own, grid);

    private static string Describe(TokenGrid grid) => $"{grid.Prefix} + {grid.Rows}x{grid.Columns} tokens";
}
