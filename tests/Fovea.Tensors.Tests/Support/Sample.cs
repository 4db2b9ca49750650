namespace Fovea.Tensors.Tests.Support;

/// <summary>An input of a test: its shape and how its elements are drawn. Inputs of one test differ by stream, never by order of drawing.</summary>
internal sealed record Sample(Shape Shape, Func<Philox, ulong, double> Draw, bool IsInteger = false, bool RequiresGradient = true)
{
    public static Sample Normal(Shape shape, double scale = 1, double offset = 0) =>
        new(shape, (random, i) => offset + scale * random.Normal(i));

    public static Sample Uniform(Shape shape, float low, float high) => new(shape, (random, i) => random.Uniform(i, low, high));

    /// <summary>Labels or indices from 0 to <paramref name="count"/> − 1.</summary>
    public static Sample Integers(Shape shape, int count) =>
        new(shape, (random, i) => random.Below(i, count), IsInteger: true, RequiresGradient: false);

    public static Sample Zeros(Shape shape) => new(shape, (_, _) => 0);

    public Sample WithoutGradient() => this with { RequiresGradient = false };

    /// <summary>The elements' absolute values, for sums of magnitudes.</summary>
    public Sample Absolute() => IsInteger ? this : this with { Draw = (random, i) => Math.Abs(Draw(random, i)) };

    public Tensor Create(Device device, int stream)
    {
        Philox random = new(20260801, (ulong)stream);
        float[] values = new float[Shape.Count];
        for (int i = 0; i < values.Length; i++) values[i] = (float)Draw(random, (ulong)i);
        Tensor tensor = IsInteger
            ? Tensor.From(Array.ConvertAll(values, value => (int)value), Shape, device)
            : Tensor.From(values, Shape, device);
        tensor.RequiresGradient = RequiresGradient;
        return tensor;
    }
}
