namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y)
    {
        double[] from = Values(values.Storage), factors = Values(weights), to = Values(y);
        Clear(to, arguments.Batch * arguments.Queries * arguments.Heads * arguments.Width, accumulate: false);
        foreach ((int sample, int result, int value, Corner corner) in Corners(arguments, values, Values(locations)))
            for (int e = 0; e < arguments.Width;
                e++) to[result + e] += factors[sample] * corner.Share * from[value + e];
    }

    /// <summary>
    /// With b the share of a corner in its sample and s = dy · v_corner: dv_corner += weight · b · dy, dweight += b · s
    /// and dlocation += weight · s · ∂b/∂location.
    /// </summary>
    public override void DeformableSampleBackward(
        in DeformableArguments arguments, HeadView values, Storage locations, Storage weights, Storage dy,
        in DeformableGradients gradients)
    {
        double[] from = Values(values.Storage), factors = Values(weights), dresults = Values(dy);
        int samples = arguments.Batch * arguments.Queries * arguments.Heads * arguments.Samples;
        double[] dvalues = new double[from.Length], dlocations = new double[2 * samples],
            dweights = new double[samples];
        foreach ((int sample, int result, int value, Corner corner) in Corners(arguments, values, Values(locations)))
        {
            double s = 0;
            for (int e = 0; e < arguments.Width; e++)
            {
                s += dresults[result + e] * from[value + e];
                dvalues[value + e] += factors[sample] * corner.Share * dresults[result + e];
            }

            dweights[sample] += corner.Share * s;
            dlocations[2 * sample] += factors[sample] * s * corner.SlopeX;
            dlocations[2 * sample + 1] += factors[sample] * s * corner.SlopeY;
        }

        if (gradients.Values is { } target) PutHeads(arguments, values, dvalues, target);
        Put(dlocations, gradients.Locations);
        Put(dweights, gradients.Weights);
    }

    public override void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y)
    {
        double[] from = Values(x), to = Values(y);
        Clear(to, arguments.Batch * arguments.Grid.Halved().Count * arguments.Width, accumulate: false);
        foreach ((int token, int mean, double share) in Pooled(arguments))
            for (int e = 0; e < arguments.Width; e++) to[mean + e] += share * from[token + e];
    }

    public override void PoolGridBackward(in PoolGridArguments arguments, Storage dy, Target dx)
    {
        double[] from = Values(dy), to = Values(dx);
        Clear(to, arguments.Batch * (arguments.Prefix + arguments.Grid.Count) * arguments.Width, dx.Accumulate);
        foreach ((int token, int mean, double share) in Pooled(arguments))
            for (int e = 0; e < arguments.Width; e++) to[token + e] += share * from[mean + e];
    }

    public override void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y)
    {
        double[] from = Values(x.Storage), kernel = Values(w), to = Values(y);
        for (int i = 0; i < arguments.Batch * arguments.Results.Count * arguments.Heads * arguments.Width; i++)
            to[i] = bias is null ? 0 : Values(bias)[i % arguments.Width];
        foreach ((int ofX, int ofW, int ofY) in GridTaps(arguments, x))
            for (int e = 0; e < arguments.Width; e++) to[ofY + e] += from[ofX + e] * kernel[ofW + e];
    }

    public override void GridConvolutionBackwardInput(in GridConvolutionArguments arguments, Storage dy, Storage w,
        HeadGradient dx)
    {
        double[] from = Values(dy), kernel = Values(w), to = Values(dx.View.Storage);
        for (int token = 0; token < arguments.Batch * arguments.Tokens; token++)
            Clear(to.AsSpan(dx.View.Offset + token * dx.View.Stride, arguments.Heads * arguments.Width), dx.Accumulate);
        foreach ((int ofX, int ofW, int ofY) in GridTaps(arguments, dx.View))
            for (int e = 0; e < arguments.Width; e++) to[ofX + e] += from[ofY + e] * kernel[ofW + e];
    }

    public override void GridConvolutionBackwardWeight(in GridConvolutionArguments arguments, HeadView x, Storage dy,
        Target dw)
    {
        double[] from = Values(dy), tokens = Values(x.Storage), to = Values(dw);
        Clear(to, arguments.Kernel * arguments.Kernel * arguments.Width, dw.Accumulate);
        foreach ((int ofX, int ofW, int ofY) in GridTaps(arguments, x))
            for (int e = 0; e < arguments.Width; e++) to[ofW + e] += from[ofY + e] * tokens[ofX + e];
    }

    /// <summary>Positions of the heads' vectors whose products x · w a convolution of a grid adds up into y.</summary>
    private static IEnumerable<(int X, int W, int Y)> GridTaps(GridConvolutionArguments a, HeadView x)
    {
        Conv2dArguments plane = new(
            a.Batch, 1, a.Grid.Rows, a.Grid.Columns, 1, a.Kernel, a.Kernel, a.Stride, Padding: a.Kernel / 2);
        foreach ((int pixel, int tap, int result) in Taps(plane))
        {
            int token = pixel + (pixel / a.Grid.Count + 1) * a.Prefix;   // each sequence has its prefix before the grid
            for (int head = 0; head < a.Heads; head++)
                yield return (x.Offset + token * x.Stride + head * a.Width, tap * a.Width,
                    (result * a.Heads + head) * a.Width);
        }
    }

    /// <summary>A position that a sample reads: its share of the sample, and the share's derivatives by the
    /// location.</summary>
    private readonly record struct Corner(int Position, double Share, double SlopeX, double SlopeY);

    /// <summary>All that is read: number of the sample, and where the result and the value of that head
    /// begin.</summary>
    private static IEnumerable<(int Sample, int Result, int Value, Corner Corner)> Corners(DeformableArguments a,
        HeadView values, double[] locations)
    {
        int sample = 0;
        for (int batch = 0; batch < a.Batch; batch++)
            for (int query = 0; query < a.Queries; query++)
                for (int head = 0; head < a.Heads; head++)
                {
                    int result = ((batch * a.Queries + query) * a.Heads + head) * a.Width, first = a.Prefix;
                    foreach (GridLevel level in a.Levels)
                    {
                        for (int point = 0; point < a.Points; point++, sample++)
                            foreach (Corner corner in Corners(level, locations[2 * sample], locations[2 * sample + 1]))
                            {
                                int token = batch * a.Tokens + first + corner.Position;
                                yield return (sample, result, values.Offset + token * values.Stride + head * a.Width,
                                    corner);
                            }

                        first += level.Count;
                    }
                }
    }

    /// <summary>The positions around a location, those outside the grid left out.</summary>
    private static IEnumerable<Corner> Corners(GridLevel level, double locationX, double locationY)
    {
        double x = locationX * level.Columns - 0.5, y = locationY * level.Rows - 0.5;
        if (double.IsNaN(x) || double.IsNaN(y)) yield return new(0, double.NaN, double.NaN, double.NaN);
        if (!(x > -1 && x < level.Columns && y > -1 && y < level.Rows)) yield break;
        int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
        for (int row = Math.Max(top, 0); row <= Math.Min(top + 1, level.Rows - 1); row++)
            for (int column = Math.Max(left, 0); column <= Math.Min(left + 1, level.Columns - 1); column++)
            {
                double shareX = 1 - Math.Abs(x - column), shareY = 1 - Math.Abs(y - row);
                double slopeX = column == left ? -level.Columns : level.Columns,
                    slopeY = row == top ? -level.Rows : level.Rows;
                yield return new(row * level.Columns + column, shareX * shareY, slopeX * shareY, shareX * slopeY);
            }
    }

    /// <summary>The elements that the view of the values covers, and no others.</summary>
    private static void PutHeads(in DeformableArguments arguments, HeadView values, double[] dvalues,
        HeadGradient target)
    {
        double[] to = Values(target.View.Storage);
        for (int token = 0; token < arguments.Batch * arguments.Tokens; token++)
            for (int e = 0; e < arguments.Heads * arguments.Width; e++)
                Put(ref to[target.View.Offset + token * target.View.Stride + e],
                    dvalues[values.Offset + token * values.Stride + e], target.Accumulate);
    }

    private static void Clear(Span<double> values, bool accumulate)
    {
        if (!accumulate) values.Clear();
    }

    private static void Put(double[] from, Target? destination)
    {
        if (destination is not { } to) return;
        for (int i = 0; i < from.Length; i++) Put(ref Values(to)[i], from[i], to.Accumulate);
    }

    /// <summary>Positions of each token of the grid and of its mean, and the token's share of it.</summary>
    private static IEnumerable<(int Token, int Mean, double Share)> Pooled(PoolGridArguments a)
    {
        (GridLevel grid, GridLevel half) = (a.Grid, a.Grid.Halved());
        for (int batch = 0; batch < a.Batch; batch++)
            for (int row = 0; row < grid.Rows; row++)
                for (int column = 0; column < grid.Columns; column++)
                {
                    int token = batch * (a.Prefix + grid.Count) + a.Prefix + row * grid.Columns + column;
                    int mean = batch * half.Count + row / 2 * half.Columns + column / 2;
                    int rows = Math.Min(2, grid.Rows - row / 2 * 2),
                        columns = Math.Min(2, grid.Columns - column / 2 * 2);
                    yield return (token * a.Width, mean * a.Width, 1.0 / (rows * columns));
                }
    }
}
