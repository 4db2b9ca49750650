using Fovea.Tensors.Backends.Cpu.Images;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // A part is a channel with all its planes: its sums have one order, and its second pass finds the planes in the
    // cache.

    public override void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels)
    {
        float* from = Floats(x), means = Floats(mean), variances = Floats(variance);
        _pool.Run(channels, channel => ChannelKernels<V>.Statistics(
            from + (nint)channel * pixels, (nint)channels * pixels, batch, pixels, out means[channel],
            out variances[channel]));
    }

    public override void BatchNorm(in BatchNormArguments arguments, Storage y)
    {
        BatchNormArguments a = arguments;
        float* from = Floats(a.X), residual = Floats(a.Residual), to = Floats(y);
        _pool.Run(a.Channels, channel =>
        {
            (float scale, float shift) = ScaleAndShift(a.Norm, channel, 0);
            for (int image = 0; image < a.Batch; image++)
            {
                nint plane = ((nint)image * a.Channels + channel) * a.Pixels;
                ChannelKernels<V>.Finish(from + plane, to + plane, a.Pixels, scale, shift,
                    residual == null ? null : residual + plane, a.Relu);
            }
        });
    }

    public override void BatchNormBackward(
        in BatchNormArguments arguments, Storage y, Storage dy, bool statisticsOfInput, in BatchNormGradients gradients)
    {
        BatchNormArguments a = arguments;
        BatchNormGradients g = gradients;
        float* from = Floats(a.X), result = a.Relu ? Floats(y) : null, slopes = Floats(dy), dx = Floats(g.Dx),
            dresidual = Floats(g.Dresidual);
        float count = (float)((long)a.Batch * a.Pixels);
        _pool.Run(a.Channels, channel =>
        {
            nint first = (nint)channel * a.Pixels, step = (nint)a.Channels * a.Pixels;
            float mean = Floats(a.Norm.Mean)[channel], rstd = InverseStd(a.Norm, channel);
            double sum = 0, product = 0;
            for (int image = 0; image < a.Batch; image++)
            {
                nint plane = first + image * step;
                ChannelKernels<V>.SlopeSums(from + plane, result == null ? null : result + plane, slopes + plane,
                    a.Pixels, mean, ref sum, ref product);
            }

            product *= rstd;   // Σ g x̂
            if (g.Dbeta is { } dbeta) Add(Floats(dbeta) + channel, sum, dbeta.Accumulate);
            if (g.Dgamma is { } dgamma) Add(Floats(dgamma) + channel, product, dgamma.Accumulate);
            if (dx == null && dresidual == null) return;

            // dx = scale · (g − Σg/n − x̂ Σ(g x̂)/n) as a linear function of g and x.
            float scale = (a.Norm.Gamma is null ? 1 : Floats(a.Norm.Gamma)[channel]) * rstd, ofX = 0, constant = 0;
            if (statisticsOfInput)
            {
                ofX = (float)(-scale * rstd * product / count);
                constant = (float)(-scale * sum / count);
            }

            for (int image = 0; image < a.Batch; image++)
            {
                nint plane = first + image * step;
                ChannelKernels<V>.Slopes(
                    from + plane, result == null ? null : result + plane, slopes + plane, a.Pixels, mean, scale, ofX,
                    constant,
                    dx == null ? null : dx + plane, g.Dx is { Accumulate: true },
                    dresidual == null ? null : dresidual + plane, g.Dresidual is { Accumulate: true });
            }
        });
    }

    /// <summary>A norm and a bias before it as one multiply-add per element.</summary>
    private static (float Scale, float Shift) ScaleAndShift(in ChannelNorm norm, int channel, float bias)
    {
        float scale = InverseStd(norm, channel) * (norm.Gamma is null ? 1 : Floats(norm.Gamma)[channel]);
        return (scale, MathF.FusedMultiplyAdd(bias - Floats(norm.Mean)[channel], scale,
            norm.Beta is null ? 0 : Floats(norm.Beta)[channel]));
    }

    private static float InverseStd(in ChannelNorm norm, int channel) =>
        1 / MathF.Sqrt(Floats(norm.Variance)[channel] + norm.Epsilon);

    private static void Add(float* destination, double value, bool accumulate) =>
        *destination = (float)(accumulate ? *destination + value : value);
}
