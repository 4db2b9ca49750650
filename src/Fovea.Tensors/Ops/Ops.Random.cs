
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Each element becomes 0 with <paramref name="probability"/>, the others grow by 1/(1−probability) (Srivastava et
    /// al. 2014). Nothing is stored for the backward pass: the draw is a function of the stream and the element's
    /// index.
    /// </summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">Share of zeroed elements.</param>
    /// <param name="random">Decides which.</param>
    /// <param name="firstSample">Number in its batch of the first sample (axis 0), where <paramref name="x"/> is a part
    /// of one.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static Tensor Dropout(Tensor x, float probability, Philox random, int firstSample = 0)
    {
        RequireProbability(probability, nameof(Dropout));
        if (probability == 0) return x;
        Tensor y = Result(x.Shape, [x]);
        Backend backend = x.Device.Backend;
        int count = x.Shape.Elements;
        ulong offset = firstSample == 0 || count == 0 ? 0 : (ulong)firstSample * (ulong)(count / x.Shape[0]);
        backend.Dropout(x.Storage, new(y.Storage), count, probability, random, offset);
        return Record(y, [x], output => backend.Dropout(
            GradientOf(output), x.GradientTarget(), count, probability, random, offset));
    }

    /// <summary>Dropout of whole samples (stochastic depth, Huang et al. 2016, arXiv:1603.09382): axis 0 shares one
    /// draw.</summary>
    /// <inheritdoc cref="Dropout"/>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static Tensor DropPath(Tensor x, float probability, Philox random, int firstSample = 0)
    {
        RequireProbability(probability, nameof(DropPath));
        if (probability == 0 || x.Shape.Rank == 0) return x;
        int samples = x.Shape[0], columns = samples == 0 ? 0 : x.Shape.Elements / samples;
        Backend backend = x.Device.Backend;
        Tensor scales = Tensor.Empty([samples], x.Device, origin: nameof(DropPath));
        backend.DropFactors(scales.Storage, samples, probability, random, (ulong)firstSample);
        Tensor y = Result(x.Shape, [x]);
        backend.ScaleRows(x.Storage, scales.Storage, new(y.Storage), samples, columns);
        return Record(y, [x], output => backend.ScaleRows(
            GradientOf(output), scales.Storage, x.GradientTarget(), samples, columns), scales);
    }

    private static void RequireProbability(float probability, string origin)
    {
        if (probability is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability,
                $"{origin}: the probability must be at least 0 and below 1.");
    }
}
