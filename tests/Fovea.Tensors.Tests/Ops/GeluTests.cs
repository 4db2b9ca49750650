namespace Fovea.Tensors.Tests;

/// <summary>GELU and its derivative over the whole range, whatever pieces the kernels make of it.</summary>
public sealed class GeluTests
{
    private const double Unit = 5.9604645e-8;   // half the distance of 1 to the next number

    [Fact]
    public void Errors_stay_below_the_stated_bounds()
    {
        float[] x = [.. Enumerable.Range(-13_000, 26_001).Select(i => i / 1000f),
            .. Enumerable.Range(-40, 60).SelectMany(i => new[] { MathF.Pow(2, i), -MathF.Pow(2, i) })];
        (float[] values, float[] slopes) = Run(Device.Cpu, x);
        (float[] expected, float[] expectedSlopes) = Run(Device.Reference, x);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.True(Math.Abs(values[i] - expected[i]) <= 3e-8 + 4 * Unit * Math.Abs(expected[i]),
                $"gelu({x[i]:R}) is {values[i]:R}, expected {expected[i]:R}");
            Assert.True(Math.Abs(slopes[i] - expectedSlopes[i]) <= 1.1e-7 + 4 * Unit,
                $"the derivative at {x[i]:R} is {slopes[i]:R}, expected {expectedSlopes[i]:R}");
        }
    }

    /// <summary>Near 0 half of x is left, to the last bits, and 0 stays 0.</summary>
    [Fact]
    public void Small_numbers_keep_their_precision()
    {
        float[] x = [0, -0f, 1e-10f, -1e-10f, 3e-30f, -3e-30f];
        (float[] values, float[] slopes) = Run(Device.Cpu, x);
        for (int i = 0; i < x.Length; i++) Assert.Equal(x[i] / 2, values[i], Math.Abs(x[i]) * 4 * Unit);
        Assert.All(slopes, slope => Assert.Equal(0.5f, slope, 4 * Unit));
    }

    [Fact]
    public void Beyond_all_pieces_it_is_the_number_or_nothing()
    {
        (float[] values, float[] slopes) = Run(Device.Cpu, [1e20f, -1e20f, 40, -40, float.NaN]);
        Assert.Equal(1e20f, values[0]);
        Assert.Equal(0, values[1], 3e-8f);
        Assert.Equal(40, values[2]);
        Assert.Equal(0, values[3], 3e-8f);
        Assert.Equal([1, 0, 1, 0], slopes[..4].Select(slope => MathF.Round(slope, 6)));
        Assert.True(float.IsNaN(values[4]) && float.IsNaN(slopes[4]));
    }

    private static (float[] Values, float[] Slopes) Run(Device device, float[] x)
    {
        using StepScope scope = StepScope.Begin();
        Tensor input = Tensor.From(x, [x.Length], device);
        input.RequiresGradient = true;
        using Tape tape = Tape.Record();
        Tensor y = Ops.Gelu(input);
        tape.Backward(y, Tensor.Full(y.Shape, 1, device));
        return (y.ToArray(), input.Gradient!.ToArray());
    }
}
