using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y)
    {
        DeformableArguments a = arguments;
        int count = a.Batch * a.Queries * a.Heads * a.Width;
        if (count == 0) return;
        using Aten aten = new(this);
        NativeTensor sum = aten.Zeros([a.Batch * a.Heads, a.Width, a.Queries]);
        int first = a.Prefix;
        for (int level = 0; level < a.Levels.Length; level++)
        {
            using Aten part = new(this);
            NativeTensor samples = part.One("grid_sampler_2d", Plane(part, a, values, level, first),
                Grid(part, a, locations, level), 0L, 0L, false);
            part.AddTo(sum, part.Sum(part.Multiply(samples, Weights(part, a, locations, weights, level)), [3]));
            first += a.Levels[level].Count;
        }

        NativeTensor result = aten.Strided(sum, [a.Batch, a.Heads, a.Queries, a.Width],
            [(long)a.Heads * a.Width * a.Queries, a.Width * a.Queries, 1, a.Queries]);
        PutTokens(aten, result, y, a.Batch, a.Queries, a.Heads, a.Width);
    }

    /// <inheritdoc/>
    public override void DeformableSampleBackward(in DeformableArguments arguments, HeadView values,
        Storage locations, Storage weights, Storage dy, in DeformableGradients gradients)
    {
        DeformableArguments a = arguments;
        int samples = a.Batch * a.Queries * a.Heads * a.Samples;
        using Aten aten = new(this);
        if (gradients.Values is { Accumulate: false } clear && a.Batch * a.Tokens > 0)
            aten.Zero(HeadsOf(aten, clear.View, a.Batch, a.Tokens, a.Heads, a.Width));
        if (samples == 0) return;
        NativeTensor from = aten.Cloned(HeadsOf(aten, new(dy, 0, a.Heads * a.Width), a.Batch, a.Queries, a.Heads,
            a.Width), [a.Batch, a.Heads, a.Queries, a.Width]);
        NativeTensor dresult = aten.Strided(from, [a.Batch * a.Heads, a.Width, a.Queries, 1],
            [(long)a.Queries * a.Width, 1, a.Width, 1]);
        NativeTensor dlocations = aten.Empty([samples, 2]), dweights = aten.Empty([samples]);
        int first = a.Prefix;
        for (int level = 0; level < a.Levels.Length; level++)
        {
            using Aten part = new(this);
            NativeTensor plane = Plane(part, a, values, level, first), grid = Grid(part, a, locations, level);
            NativeTensor sampled = part.One("grid_sampler_2d", plane, grid, 0L, 0L, false);
            (NativeTensor dplane, NativeTensor dgrid) = part.Two("grid_sampler_2d_backward",
                part.Multiply(dresult, Weights(part, a, locations, weights, level)), plane, grid, 0L, 0L, false,
                (bool[])[true, true]);
            NativeTensor products = part.Sum(part.Multiply(dresult, sampled), [1]);
            part.Copy(part.View(products, a.Batch, a.Heads, a.Queries, a.Points), Samples(part, a, dweights, level));
            part.Copy(Shown(part, a, locations, level, part.Multiply(dgrid, 2)),
                Locations(part, a, dlocations, level));
            if (gradients.Values is { } to)
                part.AddTo(LevelOf(part, a, to.View, level, first), part.View(dplane, a.Batch, a.Heads, a.Width,
                    a.Levels[level].Count));
            first += a.Levels[level].Count;
        }

        if (gradients.Locations is { } ofLocations) aten.Put(dlocations, ofLocations, 2 * samples);
        if (gradients.Weights is { } ofWeights) aten.Put(dweights, ofWeights, samples);
    }

    /// <inheritdoc/>
    public override void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y)
    {
        PoolGridArguments a = arguments;
        if (a.Batch == 0) return;
        using Aten aten = new(this);
        NativeTensor means = aten.One("avg_pool2d", PoolInput(aten, a, x), Pair(2), Pair(2), Pair(0), true, false,
            Argument.None);
        GridLevel half = a.Grid.Halved();
        aten.Copy(means, aten.Strided(y, [a.Batch, a.Width, half.Rows, half.Columns],
            [(long)half.Count * a.Width, 1, half.Columns * a.Width, a.Width]));
    }

    /// <inheritdoc/>
    public override void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx)
    {
        PoolGridArguments a = arguments;
        if (a.Batch == 0) return;
        using Aten aten = new(this);
        int count = a.Batch * (a.Prefix + a.Grid.Count) * a.Width;
        if (!dx.Accumulate) aten.Zero(aten.View(dx.Storage, count));
        GridLevel half = a.Grid.Halved();
        NativeTensor from = aten.Cloned(aten.Strided(dy, [a.Batch, a.Width, half.Rows, half.Columns],
            [(long)half.Count * a.Width, 1, half.Columns * a.Width, a.Width]),
            [a.Batch, a.Width, half.Rows, half.Columns]);
        NativeTensor input = aten.Empty([a.Batch, a.Width, a.Grid.Rows, a.Grid.Columns]);
        aten.AddTo(Tokens(aten, a, dx.Storage), aten.One("avg_pool2d_backward", from, input, Pair(2), Pair(2), Pair(0),
            true, false, Argument.None));
    }

    /// <inheritdoc/>
    public override void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y)
    {
        GridConvolutionArguments a = arguments;
        if (a.Batch == 0) return;
        using Aten aten = new(this);
        NativeTensor sums = aten.Narrowed(aten.One("convolution", aten.Widened(GridInput(aten, a, x)),
            aten.Widened(Taps(aten, a, w)), Argument.Maybe(aten.Widened(aten.Present(bias, a.Width))), Pair(a.Stride),
            Pair(a.Kernel / 2), Pair(1), false, Pair(0), (long)a.Width));
        aten.Copy(aten.View(sums, a.Batch, a.Heads, a.Width, a.Results.Count), Results(aten, a, y));
    }

    /// <inheritdoc/>
    public override void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx)
    {
        GridConvolutionArguments a = arguments;
        if (a.Batch == 0) return;
        using Aten aten = new(this);
        if (!dx.Accumulate) aten.Zero(HeadsOf(aten, dx.View, a.Batch, a.Tokens, a.Heads, a.Width));
        NativeTensor input = aten.Strided(aten.Number(0),
            [a.Batch * a.Heads, a.Width, a.Grid.Rows, a.Grid.Columns], [0, 0, 0, 0]);
        NativeTensor gradient = aten.Narrowed(
            GridBackward(aten, a, dy, input, Taps(aten, a, w), [true, false, false]).First);
        aten.AddTo(GridTokens(aten, a, dx.View), aten.View(gradient, a.Batch, a.Heads, a.Width, a.Grid.Count));
    }

    /// <inheritdoc/>
    public override void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw)
    {
        GridConvolutionArguments a = arguments;
        int taps = a.Kernel * a.Kernel, count = taps * a.Width;
        using Aten aten = new(this);
        if (a.Batch == 0)
        {
            aten.Put(aten.Zeros([count]), dw, count);
            return;
        }

        NativeTensor weight = aten.Strided(aten.Number(0), [a.Width, 1, a.Kernel, a.Kernel], [0, 0, 0, 0]);
        NativeTensor gradient = aten.Narrowed(
            GridBackward(aten, a, dy, GridInput(aten, a, x), weight, [false, true, false]).Second);
        PutView(aten, aten.View(gradient, a.Width, taps), aten.Strided(dw.Storage, [a.Width, taps], [1, a.Width]),
            dw.Accumulate);
    }

    /// <summary>One level of the values, <c>[batch · head, width, rows, columns]</c>.</summary>
    private static NativeTensor Plane(in Aten aten, in DeformableArguments a, in HeadView values, int level,
        int first) =>
        aten.View(aten.Cloned(LevelOf(aten, a, values, level, first),
            [a.Batch, a.Heads, a.Width, a.Levels[level].Count]),
            a.Batch * a.Heads, a.Width, a.Levels[level].Rows, a.Levels[level].Columns);

    /// <summary>The tokens of a level in place, <c>[batch, head, width, token]</c>.</summary>
    private static NativeTensor LevelOf(in Aten aten, in DeformableArguments a, in HeadView view, int level,
        int first) =>
        aten.Strided(view.Storage, [a.Batch, a.Heads, a.Width, a.Levels[level].Count],
            [(long)a.Tokens * view.Stride, a.Width, 1, view.Stride], view.Offset + (long)first * view.Stride);

    /// <summary>Locations of a level, −1 to 1 over it, <c>[batch · head, query, point, 2]</c>.</summary>
    private static NativeTensor Grid(in Aten aten, in DeformableArguments a, Storage locations, int level)
    {
        NativeTensor places = Locations(aten, a, ((TorchStorage)locations).Tensor, level);
        NativeTensor scaled = aten.Add(aten.Multiply(places, 2), aten.Number(-1));
        long[] sizes = [a.Batch, a.Heads, a.Queries, a.Points, 2];
        return aten.View(aten.Cloned(scaled, sizes), a.Batch * a.Heads, a.Queries, a.Points, 2);
    }

    /// <summary>Weights of a level <c>[batch · head, 1, query, point]</c>; not a number where the location is
    /// none.</summary>
    private static NativeTensor Weights(in Aten aten, in DeformableArguments a, Storage locations, Storage weights,
        int level)
    {
        NativeTensor factors = aten.Cloned(
            Samples(aten, a, ((TorchStorage)weights).Tensor, level), [a.Batch, a.Heads, a.Queries, a.Points]);
        NativeTensor shown = aten.Where(NotNumbers(aten, a, locations, level), aten.Number(double.NaN), factors);
        return aten.View(shown, a.Batch * a.Heads, 1, a.Queries, a.Points);
    }

    /// <summary>Gradients of locations <c>[batch, head, query, point, 2]</c>: 0 where nothing is read, a whole pixel
    /// beyond the border or more, and not a number where the location is none.</summary>
    private static NativeTensor Shown(in Aten aten, in DeformableArguments a, Storage locations, int level,
        NativeTensor gradients)
    {
        NativeTensor places = Locations(aten, a, ((TorchStorage)locations).Tensor, level), sizes = aten.Empty([2]);
        aten.Fill(aten.Strided(sizes, [1], [1]), a.Levels[level].Columns);
        aten.Fill(aten.Strided(sizes, [1], [1], 1), a.Levels[level].Rows);
        NativeTensor pixels = aten.Add(aten.Multiply(places, sizes), aten.Number(-0.5));
        NativeTensor inside = aten.One("all.dim", aten.Greater(pixels, aten.Number(-1)), 4L, true);
        NativeTensor none = aten.View(NotNumbers(aten, a, locations, level), a.Batch, a.Heads, a.Queries, a.Points, 1);
        return aten.Where(none, aten.Number(double.NaN), aten.Where(inside,
            aten.View(gradients, a.Batch, a.Heads, a.Queries, a.Points, 2), aten.Number(0)));
    }

    private static NativeTensor NotNumbers(in Aten aten, in DeformableArguments a, Storage locations, int level) =>
        aten.One("any.dim", aten.One("isnan", Locations(aten, a, ((TorchStorage)locations).Tensor, level)), 4L, false);

    /// <summary>A level's part of <c>[batch, query, head, level, point, 2]</c>, as <c>[batch, head, query, point,
    /// 2]</c>.</summary>
    private static NativeTensor Locations(in Aten aten, in DeformableArguments a, NativeTensor all, int level)
    {
        long point = 2, head = (long)a.Samples * point, query = a.Heads * head;
        return aten.Strided(all, [a.Batch, a.Heads, a.Queries, a.Points, 2], [a.Queries * query, head, query, point, 1],
            level * a.Points * point);
    }

    /// <summary>A level's part of <c>[batch, query, head, level, point]</c>, as <c>[batch, head, query,
    /// point]</c>.</summary>
    private static NativeTensor Samples(in Aten aten, in DeformableArguments a, NativeTensor all, int level)
    {
        long head = a.Samples, query = a.Heads * head;
        return aten.Strided(all, [a.Batch, a.Heads, a.Queries, a.Points], [a.Queries * query, head, query, 1],
            (long)level * a.Points);
    }

    private static NativeTensor Tokens(in Aten aten, in PoolGridArguments a, Storage x) =>
        aten.Strided(x, [a.Batch, a.Width, a.Grid.Rows, a.Grid.Columns],
            [(long)(a.Prefix + a.Grid.Count) * a.Width, 1, a.Grid.Columns * a.Width, a.Width],
            (long)a.Prefix * a.Width);

    private static NativeTensor PoolInput(in Aten aten, in PoolGridArguments a, Storage x) =>
        aten.Cloned(Tokens(aten, a, x), [a.Batch, a.Width, a.Grid.Rows, a.Grid.Columns]);

    /// <summary>The tokens of the grid in place, <c>[batch, head, width, token]</c>.</summary>
    private static NativeTensor GridTokens(in Aten aten, in GridConvolutionArguments a, in HeadView view) =>
        aten.Strided(view.Storage, [a.Batch, a.Heads, a.Width, a.Grid.Count],
            [(long)a.Tokens * view.Stride, a.Width, 1, view.Stride], view.Offset + (long)a.Prefix * view.Stride);

    private static NativeTensor GridInput(in Aten aten, in GridConvolutionArguments a, in HeadView x) =>
        aten.View(aten.Cloned(GridTokens(aten, a, x), [a.Batch, a.Heads, a.Width, a.Grid.Count]),
            a.Batch * a.Heads, a.Width, a.Grid.Rows, a.Grid.Columns);

    /// <summary>Weights <c>[kernel · kernel, width]</c> as <c>[width, 1, kernel, kernel]</c>.</summary>
    private static NativeTensor Taps(in Aten aten, in GridConvolutionArguments a, Storage w) =>
        aten.Cloned(aten.Strided(w, [a.Width, 1, a.Kernel, a.Kernel], [1, 1, a.Kernel * a.Width, a.Width]),
            [a.Width, 1, a.Kernel, a.Kernel]);

    /// <summary>Results <c>[batch, token, head, width]</c> as <c>[batch, head, width, token]</c>.</summary>
    private static NativeTensor Results(in Aten aten, in GridConvolutionArguments a, Storage y) =>
        aten.Strided(y, [a.Batch, a.Heads, a.Width, a.Results.Count],
            [(long)a.Results.Count * a.Heads * a.Width, a.Width, 1, a.Heads * a.Width]);

    private static (NativeTensor First, NativeTensor Second, NativeTensor Third) GridBackward(in Aten aten,
        in GridConvolutionArguments a, Storage dy, NativeTensor input, NativeTensor weight, bool[] wanted)
    {
        NativeTensor from = aten.View(
            aten.Cloned(Results(aten, a, dy), [a.Batch, a.Heads, a.Width, a.Results.Count]),
            a.Batch * a.Heads, a.Width, a.Results.Rows, a.Results.Columns);
        return aten.Three("convolution_backward", aten.Widened(from), aten.Widened(input), aten.Widened(weight),
            Argument.None, Pair(a.Stride), Pair(a.Kernel / 2), Pair(1), false, Pair(0), (long)a.Width, wanted);
    }
}
