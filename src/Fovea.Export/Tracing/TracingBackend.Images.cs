using Fovea.Export.Graphs;
using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <content>Convolutions, pooling and patches.</content>
internal sealed partial class TracingBackend
{
    /// <inheritdoc/>
    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y)
    {
        Conv2dArguments a = arguments;
        int[] sizes = [a.Batch, a.Out, a.OutHeight, a.OutWidth];
        GraphValue weight = Of(w, a.Out, a.In / a.Groups, a.KernelHeight, a.KernelWidth);
        GraphValue image = Of(x, a.Batch, a.In, a.Height, a.Width);
        GraphValue result = Convolution(image, weight, epilogue.Bias is Storage bias ? Of(bias, a.Out) : null, sizes,
            a.Stride, a.Padding, a.Dilation, a.Groups);
        if (epilogue.Norm is ChannelNorm norm) result = Normed(result, norm);
        Trace.Set(new Target(y), Finished(result, epilogue.Residual, epilogue.Relu));
    }

    /// <inheritdoc/>
    public override void BatchNorm(in BatchNormArguments arguments, Storage y)
    {
        GraphValue x = Of(arguments.X, arguments.Batch, arguments.Channels, arguments.Pixels);
        Trace.Set(new Target(y), Finished(Normed(x, arguments.Norm), arguments.Residual, arguments.Relu));
    }

    /// <inheritdoc/>
    public override void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y)
    {
        MaxPoolArguments a = arguments;
        GraphValue image = Planes(x, a.Planes, a.Height, a.Width);
        long below = End(a.Height, a.OutHeight), right = End(a.Width, a.OutWidth);
        Trace.Set(new Target(y), Trace.Add("MaxPool", [.. image.Sizes[..^2], a.OutHeight, a.OutWidth], [image],
            ("kernel_shape", [a.Kernel, a.Kernel]), ("strides", [a.Stride, a.Stride]),
            ("pads", [a.Padding, a.Padding, below, right])));

        // as much as the last window needs
        long End(int size, int results) => Math.Max(0, (results - 1L) * a.Stride + a.Kernel - size - a.Padding);
    }

    /// <inheritdoc/>
    public override void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner)
    {
        if (IsComputed(y, host => Host.MapAxis(map, host(x), new(host(y.Storage)), outer, inner), x)) return;
        float[] matrix = new float[map.To * map.From];
        for (int to = 0; to < map.To; to++)
            for (int k = 0; k < map.Positions(to).Length; k++)
                matrix[to * map.From + map.Positions(to)[k]] += (float)map.Weights(to)[k];
        Trace.Set(y, Trace.MatMul(Trace.Numbers(matrix, map.To, map.From), Of(x, outer, map.From, inner)));
    }

    /// <inheritdoc/>
    public override void Patchify(Storage image, Storage y, int batch, int channels, int height, int width, int size)
    {
        (int rows, int columns) = (height / size, width / size);
        GraphValue split = Trace.Reshape(Of(image, batch, channels, height, width), batch, channels, rows, size,
            columns, size);
        Trace.Set(new Target(y), Trace.Reshape(Trace.Transpose(split, 0, 2, 4, 1, 3, 5), batch, rows * columns,
            channels * size * size));
    }

    /// <inheritdoc/>
    public override void PoolGrid(in PoolGridArguments arguments, Storage x, Storage y)
    {
        (int batch, int prefix, GridLevel grid, int width) = (arguments.Batch, arguments.Prefix, arguments.Grid,
            arguments.Width);
        GridLevel half = grid.Halved();
        GraphValue tokens = Trace.Slice(Of(x, batch, prefix + grid.Count, width), 1, prefix, grid.Count);
        GraphValue image = Trace.Transpose(Trace.Reshape(tokens, batch, grid.Rows, grid.Columns, width), 0, 3, 1, 2);
        GraphValue means = Trace.Add("AveragePool", [batch, width, half.Rows, half.Columns], [image],
            ("kernel_shape", [2L, 2]), ("strides", [2L, 2]), ("pads", [0L, 0, grid.Rows % 2, grid.Columns % 2]),
            ("count_include_pad", 0L));
        Trace.Set(new Target(y), Trace.Transpose(means, 0, 2, 3, 1));
    }

    /// <inheritdoc/>
    public override void GridConvolution(in GridConvolutionArguments arguments, HeadView x, Storage w, Storage? bias,
        Storage y)
    {
        GridConvolutionArguments a = arguments;
        (int planes, GridLevel results) = (a.Batch * a.Heads, a.Results);
        GraphValue weight = Trace.Reshape(Trace.Transpose(Of(w, a.Kernel * a.Kernel, a.Width), 1, 0), a.Width, 1,
            a.Kernel, a.Kernel);
        GraphValue convolved = Convolution(Grids(x, a.Batch, a.Tokens, a.Prefix, a.Grid, a.Heads, a.Width), weight,
            bias is null ? null : Of(bias, a.Width), [planes, a.Width, results.Rows, results.Columns], a.Stride,
            a.Kernel / 2, 1, a.Width);
        GraphValue byHead = Trace.Reshape(convolved, a.Batch, a.Heads, a.Width, results.Count);
        Trace.Set(new Target(y), Trace.Transpose(byHead, 0, 3, 1, 2));
    }

    /// <inheritdoc/>
    public override void DeformableSample(in DeformableArguments arguments, HeadView values, Storage locations,
        Storage weights, Storage y)
    {
        DeformableArguments a = arguments;
        int planes = a.Batch * a.Heads, levels = a.Levels.Length;
        GraphValue places = Of(locations, a.Batch, a.Queries, a.Heads, levels, a.Points, 2);
        // from 0 … 1 over the grid to −1 … 1
        places = Trace.Add(Trace.Multiply(Trace.Transpose(places, 0, 2, 3, 1, 4, 5), 2), -1);
        bool isPlain = Trace.IsUniform(weights, 1);
        GraphValue? shares = isPlain ? null
            : Trace.Transpose(Of(weights, a.Batch, a.Queries, a.Heads, levels, a.Points), 0, 2, 3, 1, 4);
        GraphValue? sum = null;
        int first = a.Prefix;
        for (int level = 0; level < levels; first += a.Levels[level++].Count)
        {
            GraphValue grid = Trace.Reshape(Trace.Slice(places, 2, level, 1), planes, a.Queries, a.Points, 2);
            GraphValue read = Trace.Add("GridSample", [planes, a.Width, a.Queries, a.Points],
                [Grids(values, a.Batch, a.Tokens, first, a.Levels[level], a.Heads, a.Width), grid],
                ("mode", Trace.Opset < 20 ? "bilinear" : "linear"), ("padding_mode", "zeros"), ("align_corners", 0L));
            if (shares is not null)
                read = Trace.Add("Mul", read.Sizes, read,
                    Trace.Reshape(Trace.Slice(shares, 2, level, 1), planes, 1, a.Queries, a.Points));
            if (a.Points > 1) read = Trace.Sum(read, 3);
            sum = sum is null ? read : Trace.Add("Add", read.Sizes, sum, read);
        }

        Trace.Set(new Target(y),
            Trace.Transpose(Trace.Reshape(sum!, a.Batch, a.Heads, a.Width, a.Queries), 0, 3, 1, 2));
    }

    /// <summary>A grid of tokens as an image for each head, <c>[batch · head, width, row, column]</c>.</summary>
    private GraphValue Grids(HeadView view, int batch, int tokens, int first, GridLevel grid, int heads, int width)
    {
        GraphValue patches = Trace.Slice(Heads(view, batch, tokens, heads, width), 1, first, grid.Count);
        return Trace.Reshape(Trace.Transpose(patches, 0, 2, 3, 1), batch * heads, width, grid.Rows, grid.Columns);
    }

    private GraphValue Convolution(GraphValue image, GraphValue weight, GraphValue? bias, int[] sizes, int stride,
        int padding, int dilation, int groups) =>
        Trace.Add("Conv", sizes, bias is null ? [image, weight] : [image, weight, bias],
            ("kernel_shape", [weight.Sizes[2], weight.Sizes[3]]), ("strides", [stride, stride]),
            ("pads", [padding, padding, padding, padding]), ("dilations", [dilation, dilation]),
            ("group", (long)groups));

    private GraphValue Normed(GraphValue x, ChannelNorm norm)
    {
        int channels = x.Sizes[1];
        GraphValue gamma = norm.Gamma is Storage scale ? Of(scale, channels) : Uniform(1),
            beta = norm.Beta is Storage shift ? Of(shift, channels) : Uniform(0);
        return Trace.Add("BatchNormalization", x.Sizes,
            [x, gamma, beta, Of(norm.Mean, channels), Of(norm.Variance, channels)], ("epsilon", norm.Epsilon));

        GraphValue Uniform(float value) => Trace.Numbers([.. Enumerable.Repeat(value, channels)], channels);
    }

    private GraphValue Finished(GraphValue x, Storage? residual, bool relu)
    {
        if (residual is not null) x = Trace.Add("Add", x.Sizes, x, Of(residual, x.Sizes));
        return relu ? Trace.Add("Relu", x.Sizes, x) : x;
    }

    /// <summary>Images with the axes that they have, or each channel as an image of its own.</summary>
    private GraphValue Planes(Storage x, int planes, int height, int width)
    {
        GraphValue value = Trace.Of(x);
        return value.Sizes is [_, _, int rows, int columns] && (rows, columns) == (height, width) ? value
            : Of(x, planes, 1, height, width);
    }
}
