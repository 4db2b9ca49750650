namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void ChannelStatistics(Storage x, Storage mean, Storage variance, int batch, int channels,
        int pixels)
    {
        double[] from = Values(x);
        for (int channel = 0; channel < channels; channel++)
        {
            int[] elements = [.. ElementsOf(channel, batch, channels, pixels)];
            double average = elements.Sum(i => from[i]) / elements.Length;
            Values(mean)[channel] = average;
            Values(variance)[channel] = elements.Sum(i => (from[i] - average) * (from[i] - average)) / elements.Length;
        }
    }

    public override void BatchNorm(in BatchNormArguments arguments, Storage y)
    {
        double[] from = Values(arguments.X), to = Values(y);
        for (int i = 0; i < arguments.Batch * arguments.Channels * arguments.Pixels; i++)
        {
            int channel = i / arguments.Pixels % arguments.Channels;
            double value = Normalised(arguments.Norm, from[i], channel) * Factor(arguments.Norm.Gamma, channel)
                + (arguments.Norm.Beta is null ? 0 : Values(arguments.Norm.Beta)[channel]);
            to[i] = Finished(value, i, arguments.Residual, arguments.Relu);
        }
    }

    public override void BatchNormBackward(
        in BatchNormArguments arguments, Storage y, Storage dy, bool statisticsOfInput, in BatchNormGradients gradients)
    {
        (double[] from, double[] result, double[] gradient) = (Values(arguments.X), Values(y), Values(dy));
        (bool relu, ChannelNorm norm) = (arguments.Relu, arguments.Norm);
        double Slope(int i) => relu && !(result[i] > 0) ? 0 : gradient[i];

        for (int channel = 0; channel < arguments.Channels; channel++)
        {
            int[] elements = [.. ElementsOf(channel, arguments.Batch, arguments.Channels, arguments.Pixels)];
            double sum = 0, product = 0, count = elements.Length;
            foreach (int i in elements)
            {
                sum += Slope(i);
                product += Slope(i) * Normalised(norm, from[i], channel);
            }

            if (gradients.Dbeta is { } dbeta) Put(ref Values(dbeta)[channel], sum, dbeta.Accumulate);
            if (gradients.Dgamma is { } dgamma) Put(ref Values(dgamma)[channel], product, dgamma.Accumulate);
            foreach (int i in elements)
            {
                if (gradients.Dresidual is { } dresidual) Put(ref Values(dresidual)[i], Slope(i), dresidual.Accumulate);
                if (gradients.Dx is not { } dx) continue;
                double shared = statisticsOfInput ? (sum + Normalised(norm, from[i], channel) * product) / count : 0;
                Put(ref Values(dx)[i], Factor(norm.Gamma, channel) * InverseStd(norm, channel) * (Slope(i) - shared),
                    dx.Accumulate);
            }
        }
    }

    private static double Normalised(in ChannelNorm norm, double x, int channel) =>
        (x - Values(norm.Mean)[channel]) * InverseStd(norm, channel);

    private static double InverseStd(in ChannelNorm norm, int channel) =>
        1 / Math.Sqrt(Values(norm.Variance)[channel] + norm.Epsilon);

    private static double Factor(Storage? values, int channel) => values is null ? 1 : Values(values)[channel];

    /// <summary>relu?(value + residual).</summary>
    private static double Finished(double value, int i, Storage? residual, bool relu)
    {
        value += residual is null ? 0 : Values(residual)[i];
        return relu ? Math.Max(value, 0) : value;
    }

    private static IEnumerable<int> ElementsOf(int channel, int batch, int channels, int pixels)
    {
        for (int image = 0; image < batch; image++)
            for (int pixel = 0; pixel < pixels; pixel++) yield return (image * channels + channel) * pixels + pixel;
    }
}
