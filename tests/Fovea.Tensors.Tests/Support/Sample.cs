namespace Fovea.Tensors.Tests.Support;

/// <summary>An input of a test: its shape and how its elements are drawn. Inputs of one test differ by stream, never by
/// order of drawing.</summary>
internal sealed record Sample(Shape Shape, Func<Philox, ulong, double> Draw, bool IsInteger = false,
    bool RequiresGradient = true)
{
    public static Sample Normal(Shape shape, double scale = 1, double offset = 0) =>
        new(shape, (random, i) => offset + scale * random.Normal(i));

    public static Sample Uniform(Shape shape, float low, float high) =>
        new(shape, (random, i) => random.Uniform(i, low, high));

    /// <summary>Labels or indices from 0 to <paramref name="count"/> − 1.</summary>
    public static Sample Integers(Shape shape, int count) =>
        new(shape, (random, i) => random.Below(i, count), IsInteger: true, RequiresGradient: false);

    /// <summary>
    /// Sampling locations in grids, <c>[batch, query, head, level, point, 2]</c>, up to two pixels outside. They stay a
    /// tenth of a pixel away from the pixels' centres, where the bilinear kernel has a kink: a difference quotient
    /// across it is not the derivative, and a rounding error decides on which side it is taken.
    /// </summary>
    public static Sample Locations(int batch, int queries, int heads, GridLevel[] levels, int points) =>
        new([batch, queries, heads, levels.Length, points, 2], (random, i) =>
        {
            GridLevel level = levels[i / (2 * (ulong)points) % (ulong)levels.Length];
            int size = i % 2 == 0 ? level.Columns : level.Rows;
            double pixel = random.Below(i, size + 3) - 2 + random.Uniform(i + (1UL << 32), 0.1f, 0.9f);
            return (pixel + 0.5) / size;
        });

    public static Sample Zeros(Shape shape) => new(shape, (_, _) => 0);

    public Sample WithoutGradient() => this with { RequiresGradient = false };

    /// <summary>The elements' absolute values, for sums of magnitudes.</summary>
    public Sample Absolute() => IsInteger ? this : this with { Draw = (random, i) => Math.Abs(Draw(random, i)) };

    public Tensor Create(Device device, int stream)
    {
        Philox random = new(20260801, (ulong)stream);
        float[] values = new float[Shape.Elements];
        for (int i = 0; i < values.Length; i++) values[i] = (float)Draw(random, (ulong)i);
        Tensor tensor = IsInteger
            ? Tensor.From(Array.ConvertAll(values, value => (int)value), Shape, device)
            : Tensor.From(values, Shape, device);
        tensor.RequiresGradient = RequiresGradient;
        return tensor;
    }
}
