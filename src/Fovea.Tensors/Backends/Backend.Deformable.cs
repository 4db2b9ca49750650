namespace Fovea.Tensors;

/// <summary>Sizes of <see cref="Backend.DeformableSample"/>.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Tokens">Tokens of a sequence of values: <paramref name="Prefix"/>, then the levels one after another,
/// each row by row.</param>
/// <param name="Prefix">Tokens before the first level, which nobody reads.</param>
/// <param name="Queries">Queries of a sequence.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Width">Elements of one head's value.</param>
/// <param name="Points">Points per query, head and level.</param>
/// <param name="Levels">The grids that are sampled.</param>
public readonly record struct DeformableArguments(
    int Batch, int Tokens, int Prefix, int Queries, int Heads, int Width, int Points, GridLevel[] Levels)
{
    /// <summary>Points per query and head, in all levels.</summary>
    public int Samples => Levels.Length * Points;
}

/// <summary>Destinations of the gradients of <see cref="Backend.DeformableSample"/>; null where nobody wants
/// one.</summary>
/// <param name="Values">As the values lie.</param>
/// <param name="Locations"><c>[batch, query, head, level, point, 2]</c>.</param>
/// <param name="Weights"><c>[batch, query, head, level, point]</c>.</param>
public readonly record struct DeformableGradients(HeadGradient? Values, Target? Locations, Target? Weights);

/// <summary>Sizes of <see cref="Backend.PoolGrid"/>.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Prefix">Tokens before the grid, which are left out.</param>
/// <param name="Grid">What is pooled, to <see cref="GridLevel.Halved"/> of it.</param>
/// <param name="Width">Elements of a token.</param>
public readonly record struct PoolGridArguments(int Batch, int Prefix, GridLevel Grid, int Width);

/// <summary>Sizes of <see cref="Backend.GridConvolution"/>; half the kernel, rounded down, is padded on all
/// sides.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Prefix">Tokens before the grid, which are left out.</param>
/// <param name="Grid">The grid of tokens.</param>
/// <param name="Heads">Heads, which share the weights.</param>
/// <param name="Width">Elements of a head, which do not mix.</param>
/// <param name="Kernel">Rows and columns of the kernel, odd.</param>
/// <param name="Stride">Step between results along both axes.</param>
public readonly record struct GridConvolutionArguments(int Batch, int Prefix, GridLevel Grid, int Heads, int Width,
    int Kernel, int Stride)
{
    /// <summary>Tokens of a sequence.</summary>
    public int Tokens => Prefix + Grid.Count;

    /// <summary>The results' grid: each side divided by the stride, rounded up.</summary>
    public GridLevel Results => new((Grid.Rows - 1) / Stride + 1, (Grid.Columns - 1) / Stride + 1);
}

public abstract partial class Backend
{
    /// <summary>
    /// y = Σ weight · value(location) over levels and points, value read bilinearly: <c>values [batch, token, head,
    /// width]</c>, <c>locations [batch, query, head, level, point, 2]</c> as (x, y), <c>weights [batch, query, head,
    /// level, point]</c> → <c>y [batch, query, head, width]</c>.
    /// </summary>
    /// <remarks>
    /// A location counts from 0 to 1 over its level, pixel = location · (columns, rows) − ½: pixel (0, 0) is the centre
    /// of the first position. A position outside the grid counts as 0. A location that is not a number reads the
    /// level's first position with a weight that is not a number either, so that it shows.
    /// </remarks>
    public abstract void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y);

    /// <summary>Gradients of <see cref="DeformableSample"/>; a location's is the one-sided derivative on the borders
    /// between pixels.</summary>
    public abstract void DeformableSampleBackward(
        in DeformableArguments arguments, HeadView values, Storage locations, Storage weights, Storage dy,
        in DeformableGradients gradients);

    /// <summary>
    /// Means of 2×2 positions: <c>x [batch, prefix + rows · columns, width]</c> → <c>y [batch, ⌈rows/2⌉ · ⌈columns/2⌉,
    /// width]</c>; at an odd side the last mean is of the positions that there are.
    /// </summary>
    public abstract void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y);

    /// <summary>dx (+)= gradient of <see cref="PoolGrid"/>; 0 for the prefix.</summary>
    public abstract void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx);

    /// <summary>
    /// Depthwise convolution of a grid of tokens: <c>x [batch, prefix + rows · columns, head, width]</c>, <c>w [kernel
    /// · kernel, width]</c>, <c>bias [width]</c> or null → <c>y [batch, row' · column', head, width]</c>.
    /// </summary>
    public abstract void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y);

    /// <summary>dx (+)= gradient of <see cref="GridConvolution"/> with respect to its input; 0 for the
    /// prefix.</summary>
    public abstract void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx);

    /// <summary>dw (+)= gradient of <see cref="GridConvolution"/> with respect to its weight.</summary>
    public abstract void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw);
}
