namespace Fovea.Lab.Studies;

/// <summary>
/// The sum of as many draws with replacement as there are images, each a whole number, over all draws there are: its
/// probabilities are computed, not drawn, so that they are right however small they are (to some 10⁻¹⁵).
/// </summary>
/// <remarks>A sum's characteristic function is a power of that of one draw; the inverse transform runs over a window of
/// twelve standard deviations, beyond which nothing lies that doubles could tell.</remarks>
internal sealed class ImageDraws
{
    private const double Deviations = 12, Negligible = 1e-18;

    private readonly int _least;
    private readonly double[] _atMost;

    /// <param name="counts">How many images have the value −span, … span.</param>
    public ImageDraws(ReadOnlySpan<int> counts)
    {
        int span = counts.Length / 2, images = 0;
        double mean = 0, square = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            images += counts[i];
            mean += (double)counts[i] * (i - span);
            square += (double)counts[i] * (i - span) * (i - span);
        }

        mean /= images;
        double deviation = Math.Sqrt(images * Math.Max(0, square / images - mean * mean));
        long half = Math.Min((long)images * span, (long)Math.Ceiling(Deviations * deviation) + 16 * span);
        int middle = half == (long)images * span ? 0 : (int)Math.Round(images * mean);
        _least = middle - (int)half;
        _atMost = Invert(counts, images, (int)(2 * half + 1), _least);
        double sum = 0;
        for (int i = 0; i < _atMost.Length; i++) _atMost[i] = sum += Math.Max(0, _atMost[i]);
    }

    /// <summary>Probability of a sum that is not larger.</summary>
    public double AtMost(double sum)
    {
        double index = sum - _least;
        return index < 0 ? 0 : _atMost[(int)Math.Min(index, _atMost.Length - 1)];
    }

    /// <summary>Probabilities of the sums from <paramref name="least"/> on.</summary>
    private static double[] Invert(ReadOnlySpan<int> counts, int images, int length, int least)
    {
        (double Sin, double Cos)[] circle = new (double, double)[length];
        for (int i = 0; i < length; i++) circle[i] = Math.SinCos(2 * Math.PI * i / length);

        double[] values = new double[length];
        Array.Fill(values, 1.0 / length);
        int span = counts.Length / 2;
        for (int k = 1; k <= length / 2; k++)   // the length is odd: the other half mirrors this one
        {
            double re = 0, im = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                (double sin, double cos) = circle[Turn(i - span)];
                re += counts[i] * cos;
                im += counts[i] * sin;
            }

            double size = Math.Pow(Math.Sqrt(re * re + im * im) / images, images);
            if (!(size > Negligible)) continue;
            (double sine, double cosine) = Math.SinCos(images * Math.Atan2(im, re));
            (sine, cosine) = (2 * size / length * sine, 2 * size / length * cosine);
            int at = Turn(least);
            foreach (ref double value in values.AsSpan())
            {
                value += cosine * circle[at].Cos + sine * circle[at].Sin;
                if ((at += k) >= length) at -= length;
            }

            int Turn(int by) => (int)(((long)k * by % length + length) % length);
        }

        return values;
    }
}
