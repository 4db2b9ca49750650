
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Values read between the positions of grids, at places and with weights that are inputs themselves: the core of
    /// deformable attention (Zhu et al. 2021, arXiv:2010.04159, eq. 3).
    /// </summary>
    /// <remarks><code>
    /// y_q = Σ_l Σ_p weight_qlp · v_l(x, y)          (x, y) = location_qlp · (columns_l, rows_l) − ½
    /// v(x, y) = Σ_ij max(0, 1 − |x − j|) · max(0, 1 − |y − i|) · v_ij          bilinear, 0 outside the grid
    /// </code>
    /// Time O(query · level · point · width) per head, and no memory but the result.
    /// </remarks>
    /// <param name="values"><c>[batch, prefix + Σ rows · columns, head · width]</c>: the levels one after another, each
    /// row by row.</param>
    /// <param name="levels">Sizes of the levels.</param>
    /// <param name="locations"><c>[batch, query, head, level, point, 2]</c> as (x, y), 0 to 1 over the level; outside
    /// is allowed.</param>
    /// <param name="weights"><c>[batch, query, head, level, point]</c>.</param>
    /// <param name="prefix">Tokens before the first level, which are skipped: a class token and the like.</param>
    /// <returns><c>[batch, query, head · width]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    public static Tensor DeformableSample(
        HeadTensor values, ReadOnlySpan<GridLevel> levels, Tensor locations, Tensor weights, int prefix = 0)
    {
        DeformableArguments arguments = DeformableSizes(values, levels, locations, weights, prefix);
        Tensor y = Result([arguments.Batch, arguments.Queries, arguments.Heads * arguments.Width],
            [values.Tensor, locations, weights]);
        Backend backend = y.Device.Backend;
        backend.DeformableSample(arguments, values.View, locations.Storage, weights.Storage, y.Storage);
        return Record(y, [values.Tensor, locations, weights], output =>
        {
            HeadGradient? dvalues = values.Tensor.RequiresGradient ? HeadTensor.Gradients(values)[0] : null;
            Target? dlocations = locations.RequiresGradient ? locations.GradientTarget() : null;
            Target? dweights = weights.RequiresGradient ? weights.GradientTarget() : null;
            backend.DeformableSampleBackward(arguments, values.View, locations.Storage, weights.Storage,
                GradientOf(output),
                new(dvalues, dlocations, dweights));
        });
    }

    /// <summary>The next coarser level of a grid of tokens: means of 2×2 neighbours; at an odd side, of those that
    /// there are.</summary>
    /// <param name="x"><c>[batch, prefix + rows · columns, width]</c>, row by row.</param>
    /// <param name="grid">Rows and columns.</param>
    /// <param name="prefix">Tokens before the grid, which are left out.</param>
    /// <returns><c>[batch, ⌈rows/2⌉ · ⌈columns/2⌉, width]</c>.</returns>
    /// <exception cref="ShapeException">There are not as many tokens as prefix and grid have.</exception>
    public static Tensor PoolGrid(Tensor x, GridLevel grid, int prefix = 0)
    {
        RequireRank(x, 3, "x", "[batch, token, width]", nameof(PoolGrid));
        if (prefix < 0 || grid.Rows < 1 || grid.Columns < 1 || x.Shape[1] != prefix + grid.Count)
            throw new ShapeException(
                $"PoolGrid: x must have {prefix} + {grid.Rows} · {grid.Columns} tokens, got {x.Shape}.");
        PoolGridArguments arguments = new(x.Shape[0], prefix, grid, x.Shape[2]);
        Tensor y = Result([x.Shape[0], grid.Halved().Count, x.Shape[2]], [x]);
        Backend backend = x.Device.Backend;
        backend.PoolGrid(arguments, x.Storage, y.Storage);
        return Record(y, [x], output => backend.PoolGridBackward(arguments, GradientOf(output), x.GradientTarget()));
    }

    /// <summary>
    /// Convolution of a grid of tokens, each element of a token with a kernel of its own (depthwise), tokens read in
    /// place. As <see cref="Conv2d"/> with as many groups as channels and a padding of half the kernel, but along
    /// vectors of elements.
    /// </summary>
    /// <param name="x"><c>[batch, prefix + rows · columns, head · width]</c>, row by row.</param>
    /// <param name="grid">Rows and columns.</param>
    /// <param name="weight"><c>[kernel · kernel, width]</c>, kernel odd; the same for all heads.</param>
    /// <param name="bias"><c>[width]</c> or null.</param>
    /// <param name="stride">Step between results along both axes.</param>
    /// <param name="prefix">Tokens before the grid, which are left out.</param>
    /// <returns><c>[batch, ⌈rows/stride⌉ · ⌈columns/stride⌉, head · width]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit.</exception>
    public static Tensor GridConvolution(HeadTensor x, GridLevel grid, Tensor weight, Tensor? bias = null,
        int stride = 1, int prefix = 0)
    {
        GridConvolutionArguments arguments = GridConvolutionSizes(x, grid, weight, bias, stride, prefix);
        GridLevel results = arguments.Results;
        Tensor y = Result([arguments.Batch, results.Count, x.Count * x.Width], [x.Tensor, weight, bias]);
        Backend backend = y.Device.Backend;
        backend.GridConvolution(arguments, x.View, weight.Storage, bias?.Storage, y.Storage);
        return Record(y, [x.Tensor, weight, bias], output =>
        {
            Storage dy = GradientOf(output);
            if (weight.RequiresGradient)
                backend.GridConvolutionBackwardWeight(arguments, x.View, dy, weight.GradientTarget());
            if (bias is { RequiresGradient: true })
                backend.ColumnSums(dy, bias.GradientTarget(), arguments.Batch * results.Count * x.Count, x.Width);
            if (x.Tensor.RequiresGradient)
                backend.GridConvolutionBackwardInput(arguments, dy, weight.Storage, HeadTensor.Gradients(x)[0]);
        });
    }

    private static GridConvolutionArguments GridConvolutionSizes(HeadTensor x, GridLevel grid, Tensor weight,
        Tensor? bias, int stride, int prefix)
    {
        const string Origin = nameof(GridConvolution);
        x.Require("x", Origin);
        if (prefix < 0 || grid.Rows < 1 || grid.Columns < 1 || x.Tokens != prefix + grid.Count)
            throw new ShapeException(
                $"{Origin}: x must have {prefix} + {grid.Rows} · {grid.Columns} tokens, got {x.Tensor.Shape}.");
        int kernel = weight.Shape.Rank == 2 ? (int)Math.Sqrt(weight.Shape[0]) : 0;
        if (kernel % 2 == 0 || weight.Shape != [kernel * kernel, x.Width])
            throw new ShapeException(
                $"{Origin}: weight must be [kernel · kernel, {x.Width}] with an odd kernel, got {weight.Shape}.");
        if (stride < 1) throw new ShapeException($"{Origin}: stride must be at least 1, got {stride}.");
        RequireShape(bias, [x.Width], "bias", Origin);
        return new(x.Batch, prefix, grid, x.Count, x.Width, kernel, stride);
    }

    private static DeformableArguments DeformableSizes(
        HeadTensor values, ReadOnlySpan<GridLevel> levels, Tensor locations, Tensor weights, int prefix)
    {
        const string Origin = nameof(DeformableSample);
        values.Require("values", Origin);
        RequireRank(weights, 5, "weights", "[batch, query, head, level, point]", Origin);
        long positions = prefix;
        foreach (GridLevel level in levels)
        {
            if (level.Rows < 1 || level.Columns < 1)
                throw new ShapeException($"{Origin}: a level of {level} is empty.");
            positions += (long)level.Rows * level.Columns;
        }

        if (prefix < 0 || positions != values.Tokens)
            throw new ShapeException(
                $"{Origin}: a prefix of {prefix} and levels of {string.Join(", ", levels.ToArray())} "
                + $"make {positions} tokens, values {values.Tensor.Shape} have {values.Tokens}.");
        (int queries, int points) = (weights.Shape[1], weights.Shape[4]);
        RequireShape(weights, [values.Batch, queries, values.Count, levels.Length, points], "weights", Origin);
        RequireShape(locations, [values.Batch, queries, values.Count, levels.Length, points, 2], "locations", Origin);
        return new(values.Batch, values.Tokens, prefix, queries, values.Count, values.Width, points, levels.ToArray());
    }
}
