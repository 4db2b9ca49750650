using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>
/// The usual first values. Fans as in PyTorch: for a weight <c>[out, in, ...]</c> with r elements per kernel, fanIn =
/// in · r and fanOut = out · r.
/// </summary>
public static class Init
{
    /// <summary>All 0.</summary>
    public static Initializer Zeros { get; } = Constant(0);

    /// <summary>All 1.</summary>
    public static Initializer Ones { get; } = Constant(1);

    /// <summary>All of one value.</summary>
    public static Initializer Constant(float value) => (values, _, _) => Array.Fill(values, value);

    /// <summary>Normal with mean 0.</summary>
    public static Initializer Normal(double deviation) =>
        (values, _, random) => Fill(values, i => (float)(deviation * random.Normal(i)));

    /// <summary>Normal with mean 0, drawn again while outside the bounds; these are absolute, as in PyTorch and
    /// timm.</summary>
    public static Initializer TruncatedNormal(double deviation, double low = -2, double high = 2) =>
        (values, _, random) => Fill(values, i =>
    {
        ulong step = (ulong)values.Length;
        for (ulong draw = i; ; draw += step)
        {
            double value = deviation * random.Normal(draw);
            if (value >= low && value <= high) return (float)value;
        }
    });

    /// <summary>Uniform in ±<paramref name="bound"/>.</summary>
    public static Initializer Uniform(double bound) =>
        (values, _, random) => Fill(values, i => random.Uniform(i, (float)-bound, (float)bound));

    /// <summary>Uniform in ±gain · √(6 / (fanIn + fanOut)) (Glorot and Bengio 2010, eq. 16).</summary>
    public static Initializer XavierUniform(double gain = 1) => (values, shape, random) =>
        Uniform(gain * Math.Sqrt(6.0 / (FanIn(shape) + FanOut(shape))))(values, shape, random);

    /// <summary>Normal with deviation gain · √(2 / (fanIn + fanOut)) (Glorot and Bengio 2010).</summary>
    public static Initializer XavierNormal(double gain = 1) => (values, shape, random) =>
        Normal(gain * Math.Sqrt(2.0 / (FanIn(shape) + FanOut(shape))))(values, shape, random);

    /// <summary>Uniform in ±√(6 / ((1 + slope²) · fan)) (He et al. 2015, arXiv:1502.01852). PyTorch's layers use slope
    /// √5.</summary>
    public static Initializer KaimingUniform(double slope = 0, bool fanOut = false) => (values, shape, random) =>
        Uniform(Math.Sqrt(6 / ((1 + slope * slope) * (fanOut ? FanOut(shape) : FanIn(shape)))))(values, shape, random);

    /// <summary>Normal with deviation √(2 / ((1 + slope²) · fan)) (He et al. 2015, arXiv:1502.01852).</summary>
    public static Initializer KaimingNormal(double slope = 0, bool fanOut = false) => (values, shape, random) =>
        Normal(Math.Sqrt(2 / ((1 + slope * slope) * (fanOut ? FanOut(shape) : FanIn(shape)))))(values, shape, random);

    private static double FanIn(Shape shape) => shape.Rank < 2 ? shape.Elements : (double)shape.Elements / shape[0];

    private static double FanOut(Shape shape) => shape.Rank < 2 ? shape.Elements : (double)shape.Elements / shape[1];

    /// <summary>values[i] = draw(i), in parallel where that pays: each element is a function of its own
    /// index.</summary>
    private static void Fill(float[] values, Func<ulong, float> draw)
    {
        const int Chunk = 1 << 14;
        Parallel.For(0, (values.Length + Chunk - 1) / Chunk, chunk =>
        {
            int end = Math.Min(values.Length, (chunk + 1) * Chunk);
            for (int i = chunk * Chunk; i < end; i++) values[i] = draw((ulong)i);
        });
    }
}
