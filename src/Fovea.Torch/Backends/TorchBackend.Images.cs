using System.Runtime.CompilerServices;
using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    private readonly ConditionalWeakTable<AxisMap, TorchStorage> _maps = [];

    /// <inheritdoc/>
    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y)
    {
        Conv2dArguments a = arguments;
        int pixels = a.OutHeight * a.OutWidth, count = a.Batch * a.Out * pixels;
        if (count == 0) return;
        using Aten aten = new(this);
        NativeTensor sums = Single(aten, aten.One("convolution",
            Factor(aten, aten.View(x, a.Batch, a.In, a.Height, a.Width)), Factor(aten, Weight(aten, a, w)),
            Argument.Maybe(aten.Present(epilogue.Bias, a.Out) is { } bias ? Factor(aten, bias) : null), Pair(a.Stride),
            Pair(a.Padding), Pair(a.Dilation), false, Pair(0), (long)a.Groups));
        if (epilogue.Norm is { } norm) sums = Normalised(aten, sums, norm, a.Out);
        if (epilogue.Residual is { } residual)
            sums = aten.Add(sums, aten.View(residual, a.Batch, a.Out, a.OutHeight, a.OutWidth));
        aten.Put(epilogue.Relu ? aten.One("relu", sums) : sums, y, count);
    }

    /// <inheritdoc/>
    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx)
    {
        Conv2dArguments a = arguments;
        int count = a.Batch * a.In * a.Height * a.Width;
        if (count == 0) return;
        using Aten aten = new(this);
        // only the sizes of the input count
        NativeTensor input = aten.Strided(aten.Number(0), [a.Batch, a.In, a.Height, a.Width], [0, 0, 0, 0]);
        aten.Put(Single(aten, ConvolutionBackward(aten, a, dy, input, Weight(aten, a, w), [true, false, false]).First),
            dx, count);
    }

    /// <inheritdoc/>
    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw)
    {
        Conv2dArguments a = arguments;
        int count = a.Out * (a.In / a.Groups) * a.KernelHeight * a.KernelWidth;
        using Aten aten = new(this);
        if (a.Batch == 0)
        {
            aten.Put(aten.Zeros([count]), dw, count);
            return;
        }

        NativeTensor weight = aten.Strided(aten.Number(0),
            [a.Out, a.In / a.Groups, a.KernelHeight, a.KernelWidth], [0, 0, 0, 0]);
        aten.Put(Single(aten, ConvolutionBackward(aten, a, dy, aten.View(x, a.Batch, a.In, a.Height, a.Width), weight,
            [false, true, false]).Second), dw, count);
    }

    /// <inheritdoc/>
    public override void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels)
    {
        using Aten aten = new(this);
        (NativeTensor spread, NativeTensor average) = aten.Two("var_mean.dim", aten.View(x, batch, channels, pixels),
            Argument.Some((long[])[0, 2]), false, false);
        aten.Put(spread, variance, channels);
        aten.Put(average, mean, channels);
    }

    /// <inheritdoc/>
    public override void BatchNorm(in BatchNormArguments arguments, Storage y)
    {
        BatchNormArguments a = arguments;
        int count = a.Batch * a.Channels * a.Pixels;
        if (count == 0) return;
        using Aten aten = new(this);
        NativeTensor result = Normalised(aten, aten.View(a.X, a.Batch, a.Channels, a.Pixels), a.Norm, a.Channels);
        if (a.Residual is { } residual)
            result = aten.Add(result, aten.View(residual, a.Batch, a.Channels, a.Pixels));
        aten.Put(a.Relu ? aten.One("relu", result) : result, y, count);
    }

    /// <inheritdoc/>
    public override void BatchNormBackward(in BatchNormArguments arguments, Storage y, Storage dy,
        bool statisticsOfInput, in BatchNormGradients gradients)
    {
        BatchNormArguments a = arguments;
        int count = a.Batch * a.Channels * a.Pixels;
        using Aten aten = new(this);
        if (count == 0)
        {
            if (gradients.Dgamma is { } empty) aten.Put(aten.Zeros([a.Channels]), empty, a.Channels);
            if (gradients.Dbeta is { } none) aten.Put(aten.Zeros([a.Channels]), none, a.Channels);
            return;
        }

        NativeTensor slope = aten.View(dy, a.Batch, a.Channels, a.Pixels);
        if (a.Relu)
            slope = aten.Where(aten.Greater(aten.View(y, a.Batch, a.Channels, a.Pixels), aten.Number(0)), slope,
                aten.Number(0));
        if (gradients.Dresidual is { } ofResidual) aten.Put(slope, ofResidual, count);
        bool affine = gradients.Dgamma is not null || gradients.Dbeta is not null;
        if (gradients.Dx is null && !affine) return;
        NativeTensor mean = aten.View(a.Norm.Mean, a.Channels), variance = aten.View(a.Norm.Variance, a.Channels);
        NativeTensor inverse = aten.One("rsqrt", aten.Add(variance, aten.Number(a.Norm.Epsilon)));
        (NativeTensor dx, NativeTensor dgamma, NativeTensor dbeta) = aten.Three("native_batch_norm_backward", slope,
            aten.View(a.X, a.Batch, a.Channels, a.Pixels), Argument.Maybe(aten.Present(a.Norm.Gamma, a.Channels)),
            Argument.Some(mean), Argument.Some(variance), Argument.Some(mean), Argument.Some(inverse),
            statisticsOfInput, (double)a.Norm.Epsilon, (bool[])[gradients.Dx is not null, affine, affine]);
        if (gradients.Dgamma is { } ofGamma) aten.Put(dgamma, ofGamma, a.Channels);
        if (gradients.Dbeta is { } ofBeta) aten.Put(dbeta, ofBeta, a.Channels);
        if (gradients.Dx is { } ofX) aten.Put(dx, ofX, count);
    }

    /// <inheritdoc/>
    public override void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y)
    {
        MaxPoolArguments a = arguments;
        int count = a.Planes * a.OutHeight * a.OutWidth;
        if (count == 0) return;
        using Aten aten = new(this);
        aten.Put(Pooled(aten, a, x).Values, y, count);
    }

    /// <inheritdoc/>
    public override void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx)
    {
        MaxPoolArguments a = arguments;
        if (a.Planes * a.Height * a.Width == 0) return;
        using Aten aten = new(this);
        NativeTensor positions = Pooled(aten, a, x).Positions;
        aten.Put(aten.One("max_pool2d_with_indices_backward", aten.View(dy, a.Planes, a.OutHeight, a.OutWidth),
            aten.View(x, a.Planes, a.Height, a.Width), Pair(a.Kernel), Pair(a.Stride), Pair(a.Padding), Pair(1),
            IsCeiling(a), positions), dx, a.Planes * a.Height * a.Width);
    }

    /// <inheritdoc/>
    public override void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner)
    {
        int count = outer * map.To * inner;
        if (count == 0) return;
        using Aten aten = new(this);
        NativeTensor matrix = aten.View(_maps.GetValue(map, Dense), map.To, map.From);
        NativeTensor result = inner == 1
            ? aten.One("mm", aten.View(x, outer, map.From), aten.Strided(matrix, [map.From, map.To], [1, map.From]))
            : aten.ExactBatchProduct(aten.Strided(matrix, [outer, map.To, map.From], [0, map.From, 1]),
                aten.View(x, outer, map.From, inner));
        aten.Put(result, y, count);
    }

    /// <summary>The map as a matrix <c>[to, from]</c> on the device; lives as long as the map.</summary>
    private TorchStorage Dense(AxisMap map)
    {
        float[] values = new float[map.To * map.From];
        for (int to = 0; to < map.To; to++)
            for (int k = 0; k < map.Positions(to).Length; k++)
                values[to * map.From + map.Positions(to)[k]] += (float)map.Weights(to)[k];
        return Constant(values);
    }

    /// <summary>A table on the device, deleted when nobody refers to it any more.</summary>
    private TorchStorage Constant(ReadOnlySpan<float> values)
    {
        TorchStorage storage = new(this, values.Length);
        Write(storage, values);
        return storage;
    }

    /// <summary>Batch norm with given statistics.</summary>
    private static NativeTensor Normalised(in Aten aten, NativeTensor x, in ChannelNorm norm, int channels) =>
        aten.Three("native_batch_norm", x, Argument.Maybe(aten.Present(norm.Gamma, channels)),
            Argument.Maybe(aten.Present(norm.Beta, channels)), Argument.Some(aten.View(norm.Mean, channels)),
            Argument.Some(aten.View(norm.Variance, channels)), false, 0.0, (double)norm.Epsilon).First;

    private static (NativeTensor First, NativeTensor Second, NativeTensor Third) ConvolutionBackward(in Aten aten,
        in Conv2dArguments a, Storage dy, NativeTensor input, NativeTensor weight, bool[] wanted) =>
        aten.Three("convolution_backward", Factor(aten, aten.View(dy, a.Batch, a.Out, a.OutHeight, a.OutWidth)),
            Factor(aten, input), Factor(aten, weight), Argument.None, Pair(a.Stride), Pair(a.Padding),
            Pair(a.Dilation), false, Pair(0), (long)a.Groups, wanted);

    private static NativeTensor Factor(in Aten aten, NativeTensor x) => aten.Widened(aten.Operand(x));

    private static NativeTensor Single(in Aten aten, NativeTensor sums) => aten.Single(aten.Narrowed(sums));

    private static NativeTensor Weight(in Aten aten, in Conv2dArguments a, Storage w) =>
        aten.View(w, a.Out, a.In / a.Groups, a.KernelHeight, a.KernelWidth);

    private static (NativeTensor Values, NativeTensor Positions) Pooled(in Aten aten, in MaxPoolArguments a,
        Storage x) =>
        aten.Two("max_pool2d_with_indices", aten.View(x, a.Planes, a.Height, a.Width), Pair(a.Kernel), Pair(a.Stride),
            Pair(a.Padding), Pair(1), IsCeiling(a));

    /// <summary>Whether windows that reach beyond the padding count, too.</summary>
    private static bool IsCeiling(in MaxPoolArguments a) =>
        a.OutHeight > (a.Height + 2 * a.Padding - a.Kernel) / a.Stride + 1
        || a.OutWidth > (a.Width + 2 * a.Padding - a.Kernel) / a.Stride + 1;

    private static long[] Pair(long size) => [size, size];
}
