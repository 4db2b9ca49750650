namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, in Conv2dEpilogue epilogue,
        Storage y)
    {
        double[] image = Values(x), kernel = Values(w), to = Values(y);
        int pixels = arguments.OutHeight * arguments.OutWidth, count = arguments.Batch * arguments.Out * pixels;
        for (int i = 0; i < count; i++)
            to[i] = epilogue.Bias is null ? 0 : Values(epilogue.Bias)[i / pixels % arguments.Out];
        foreach ((int ofX, int ofW, int ofY) in Taps(arguments)) to[ofY] += image[ofX] * kernel[ofW];
        if (epilogue.Norm is { } norm)
            BatchNorm(new(y, norm, epilogue.Residual, epilogue.Relu, arguments.Batch, arguments.Out, pixels), y);
        else
            for (int i = 0; i < count; i++) to[i] = Finished(to[i], i, epilogue.Residual, epilogue.Relu);
    }

    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Target dx)
    {
        double[] from = Values(dy), kernel = Values(w), to = Values(dx);
        Clear(to, arguments.Batch * arguments.In * arguments.Height * arguments.Width, dx.Accumulate);
        foreach ((int ofX, int ofW, int ofY) in Taps(arguments)) to[ofX] += from[ofY] * kernel[ofW];
    }

    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Target dw)
    {
        double[] image = Values(x), from = Values(dy), to = Values(dw);
        Clear(to, arguments.Out * (arguments.In / arguments.Groups) * arguments.KernelHeight * arguments.KernelWidth,
            dw.Accumulate);
        foreach ((int ofX, int ofW, int ofY) in Taps(arguments)) to[ofW] += from[ofY] * image[ofX];
    }

    /// <summary>
    /// The positions of all products x · w that a convolution adds up into y. Each of its passes is one line over them,
    /// since the gradients sum the same products with the roles exchanged.
    /// </summary>
    private static IEnumerable<(int X, int W, int Y)> Taps(Conv2dArguments a)
    {
        int groupIn = a.In / a.Groups, groupOut = a.Out / a.Groups;
        for (int batch = 0; batch < a.Batch; batch++)
            for (int o = 0; o < a.Out; o++)
                for (int oh = 0; oh < a.OutHeight; oh++)
                    for (int ow = 0; ow < a.OutWidth; ow++)
                        for (int i = 0; i < groupIn; i++)
                            for (int kh = 0; kh < a.KernelHeight; kh++)
                                for (int kw = 0; kw < a.KernelWidth; kw++)
                                {
                                    int row = oh * a.Stride - a.Padding + kh * a.Dilation;
                                    int column = ow * a.Stride - a.Padding + kw * a.Dilation;
                                    // padding
                                    if (row < 0 || row >= a.Height || column < 0 || column >= a.Width) continue;
                                    int channel = o / groupOut * groupIn + i;
                                    yield return (
                                        ((batch * a.In + channel) * a.Height + row) * a.Width + column,
                                        ((o * groupIn + i) * a.KernelHeight + kh) * a.KernelWidth + kw,
                                        ((batch * a.Out + o) * a.OutHeight + oh) * a.OutWidth + ow);
                                }
    }
}
