namespace Fovea.Data.Statistics;

/// <summary>Sums over pixels, in whole numbers: whatever the order, the same bits come out.</summary>
internal sealed class ChannelSums(int channels)
{
    private readonly long[] _sums = new long[channels], _squares = new long[channels];
    private long _count;

    public void Add(RawImage image)
    {
        _count += image.Height * image.Width;
        for (int channel = 0; channel < channels; channel++)
        {
            long sum = 0, squares = 0;
            foreach (byte sample in image.Plane(channel))
            {
                sum += sample;
                squares += sample * sample;
            }

            _sums[channel] += sum;
            _squares[channel] += squares;
        }
    }

    public void Add(ChannelSums other)
    {
        _count += other._count;
        for (int channel = 0; channel < channels; channel++)
        {
            _sums[channel] += other._sums[channel];
            _squares[channel] += other._squares[channel];
        }
    }

    /// <summary>Mean and deviation over all pixels, samples scaled to 0 .. 1.</summary>
    public Normalization ToNormalization()
    {
        double count = Math.Max(1, _count);
        double[] means = [.. _sums.Select(sum => sum / count)];
        double[] deviations = [.. _squares
            .Select((squares, i) => Math.Sqrt(Math.Max(0, squares / count - means[i] * means[i])))];
        return new([.. means.Select(mean => (float)(mean / 255))],
            [.. deviations.Select(deviation => (float)(deviation / 255))]);
    }
}
