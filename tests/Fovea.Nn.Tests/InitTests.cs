using Fovea.Tensors;

namespace Fovea.Nn.Tests;

public sealed class InitTests
{
    private static readonly Shape Weight = [64, 32, 3, 3];   // fanIn 288, fanOut 576

    public static TheoryData<string, double> Deviations => new()
    {
        { "normal", 0.3 },
        { "truncated", 0.02 },
        { "uniform", 0.5 / Math.Sqrt(3) },
        { "xavier-uniform", Math.Sqrt(2.0 / (288 + 576)) },
        { "xavier-normal", Math.Sqrt(2.0 / (288 + 576)) },
        { "kaiming-uniform", Math.Sqrt(2.0 / 288) },
        { "kaiming-uniform-5", Math.Sqrt(1.0 / 3 / 288) },
        { "kaiming-normal", Math.Sqrt(2.0 / 288) },
        { "kaiming-normal-out", Math.Sqrt(2.0 / 576) },
    };

    [Theory]
    [MemberData(nameof(Deviations))]
    public void Mean_and_deviation_are_those_of_the_formula(string name, double deviation)
    {
        float[] values = Draw(Named(name), Weight, 3);

        Assert.InRange(values.Average(), -0.02 * deviation, 0.02 * deviation);
        Assert.InRange(Math.Sqrt(values.Average(value => (double)value * value)), 0.98 * deviation, 1.02 * deviation);
    }

    [Fact]
    public void Truncation_draws_again_until_inside()
    {
        float[] values = Draw(Init.TruncatedNormal(1, -0.5, 1), [200, 100], 4);

        Assert.InRange(values.Min(), -0.5f, -0.49f);
        Assert.InRange(values.Max(), 0.99f, 1f);
        Assert.True(values.Distinct().Count() > 0.99 * values.Length, "values pile up");
    }

    [Fact]
    public void Constants_are_constant()
    {
        Assert.All(Draw(Init.Zeros, [3], 1), value => Assert.Equal(0, value));
        Assert.All(Draw(Init.Ones, [3], 1), value => Assert.Equal(1, value));
        Assert.All(Draw(Init.Constant(0.1f), [3], 1), value => Assert.Equal(0.1f, value));
    }

    private static Initializer Named(string name) => name switch
    {
        "normal" => Init.Normal(0.3),
        "truncated" => Init.TruncatedNormal(0.02),
        "uniform" => Init.Uniform(0.5),
        "xavier-uniform" => Init.XavierUniform(),
        "xavier-normal" => Init.XavierNormal(),
        "kaiming-uniform" => Init.KaimingUniform(),
        "kaiming-uniform-5" => Init.KaimingUniform(Math.Sqrt(5)),
        "kaiming-normal" => Init.KaimingNormal(),
        _ => Init.KaimingNormal(fanOut: true),
    };

    private static float[] Draw(Initializer initializer, Shape shape, ulong seed)
    {
        float[] values = new float[shape.Elements];
        initializer(values, shape, new Philox(seed, 0));
        return values;
    }
}
