using Fovea.Tensors;

namespace Fovea.Vision.Position;

/// <summary>
/// Positions learned on one grid of patches, read on another: what lets a model take images of another size (Dosovitskiy et al. 2021, section 3.2).
/// </summary>
/// <remarks><code>
/// out[r', c'] = Σ_r Σ_c R[r', r] C[c', c] table[r, c]          R, C: one row of weights per new row or column, each row summing to 1
/// source(i) = (i + ½) · old/new − ½  (corners not aligned)
/// antialias:  w_j ∝ f((j − source) / max(1, old/new)),  cubic a = −0.5,  weights beyond the border dropped
/// without:    w_j = f(j − source),  cubic a = −0.75,  positions beyond the border are those of the border
/// </code>
/// These are timm's <c>resample_abs_pos_embed</c> and PyTorch's <c>interpolate</c>. It is linear, two matrix products, and so the gradient reaches
/// the table that was resampled: a model may train on images of any size.
/// </remarks>
public static class PositionResampling
{
    /// <summary>The table of another grid.</summary>
    /// <param name="table"><c>[1, prefix + row · column, dim]</c>.</param>
    /// <param name="from">The table's grid.</param>
    /// <param name="to">The grid wanted; the same prefix, whose positions are copied.</param>
    /// <param name="filter">Between neighbours.</param>
    /// <param name="antialias">Widen the filter where the new grid is coarser.</param>
    /// <returns><c>[1, prefix + row' · column', dim]</c>.</returns>
    /// <exception cref="ShapeException">The table is not of that grid, or the prefixes differ.</exception>
    public static Tensor Resample(
        Tensor table, TokenGrid from, TokenGrid to, ResamplingFilter filter = ResamplingFilter.Bicubic, bool antialias = true)
    {
        if (table.Shape.Rank != 3 || table.Shape[0] != 1 || table.Shape[1] != from.Tokens)
            throw new ShapeException($"PositionResampling: positions of {Describe(from)} must be [1, {from.Tokens}, dim], got {table.Shape}.");
        if (from.Prefix != to.Prefix || from.Patches < 1 || to.Patches < 1)
            throw new ShapeException($"PositionResampling: cannot go from {Describe(from)} to {Describe(to)}.");
        int dim = table.Shape[2];
        Tensor x = from.Prefix == 0 ? table : Ops.Slice(table, 1, from.Prefix, from.Patches);
        if (from.Columns != to.Columns)
        {
            Tensor columns = Ops.Permute(x.Reshape(from.Rows, from.Columns, dim), 1, 0, 2).Reshape(from.Columns, from.Rows * dim);
            x = Ops.Permute(Weighted(columns, to.Columns, filter, antialias).Reshape(to.Columns, from.Rows, dim), 1, 0, 2);
        }

        if (from.Rows != to.Rows) x = Weighted(x.Reshape(from.Rows, to.Columns * dim), to.Rows, filter, antialias);
        x = x.Reshape(1, to.Patches, dim);
        return from.Prefix == 0 ? x : Ops.Concat(1, Ops.Slice(table, 1, 0, from.Prefix), x);
    }

    /// <summary>The grid of a table whose image was square, as timm assumes; null where it cannot have been.</summary>
    /// <param name="tokens">Rows of the table.</param>
    /// <param name="prefix">How many of them stand before the patches.</param>
    public static TokenGrid? SquareGrid(int tokens, int prefix)
    {
        int side = (int)Math.Round(Math.Sqrt(Math.Max(0, tokens - prefix)));
        return side > 0 && side * side == tokens - prefix ? new(prefix, side, side) : null;
    }

    /// <summary>tokens + positions, resampled where the images are not of the table's size.</summary>
    internal static Tensor Add(Tensor tokens, Tensor table, TokenGrid own, TokenGrid grid) =>
        Ops.Add(tokens, own == grid ? table : Resample(table, own, grid));

    /// <summary>The first axis of <c>x [old, rest]</c> made <paramref name="size"/> long.</summary>
    private static Tensor Weighted(Tensor x, int size, ResamplingFilter filter, bool antialias) =>
        Ops.MatMul(Tensor.From(Weights(x.Shape[0], size, filter, antialias), [size, x.Shape[0]], x.Device), x);

    /// <summary><c>[to, from]</c>: with which weights the old values make up each new one.</summary>
    private static float[] Weights(int from, int to, ResamplingFilter filter, bool antialias)
    {
        float[] weights = new float[to * from];
        double scale = (double)from / to;
        for (int i = 0; i < to; i++)
        {
            Span<float> row = weights.AsSpan(i * from, from);
            double source = (i + 0.5) * scale - 0.5;
            if (antialias) FillWidened(row, source, Math.Max(1, scale), filter);
            else FillClamped(row, source, filter);
        }

        return weights;
    }

    private static void FillWidened(Span<float> row, double source, double stretch, ResamplingFilter filter)
    {
        double sum = 0;
        for (int j = 0; j < row.Length; j++) sum += Value(filter, (j - source) / stretch, -0.5);
        for (int j = 0; j < row.Length; j++) row[j] = (float)(Value(filter, (j - source) / stretch, -0.5) / sum);
    }

    private static void FillClamped(Span<float> row, double source, ResamplingFilter filter)
    {
        int below = (int)Math.Floor(source);
        for (int j = below - 1; j <= below + 2; j++) row[Math.Clamp(j, 0, row.Length - 1)] += (float)Value(filter, j - source, -0.75);
    }

    /// <summary>The filter at a distance, in values.</summary>
    private static double Value(ResamplingFilter filter, double distance, double a)
    {
        double x = Math.Abs(distance);
        if (filter == ResamplingFilter.Bilinear) return Math.Max(0, 1 - x);
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
            : 0;
    }

    private static string Describe(TokenGrid grid) => $"{grid.Prefix} + {grid.Rows}x{grid.Columns} tokens";
}
