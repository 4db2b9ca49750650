using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class PrepareHeadsTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Gradient(bool shift, bool turns) => GradientCheck.Run(
        x => Ops.PrepareHeads(x[0], 2, new(x[1], shift ? x[2] : null, 0.1f), new(x[3], shift ? x[4] : null, 0.1f),
            turns ? (x[5], x[6]) : null),
        Normal([2, 3, 3 * 2 * 4]), Normal([4]), shift ? Normal([4]) : Normal([4]).WithoutGradient(), Normal([4]),
        shift ? Normal([4]) : Normal([4]).WithoutGradient(), Normal([1, 3, 1, 2]).WithoutGradient(),
        Normal([1, 3, 1, 2]).WithoutGradient());

    /// <summary>Angles that are learned: by operators, each of which has a gradient.</summary>
    [Fact]
    public void Gradient_of_the_angles() => GradientCheck.Run(
        x => Ops.PrepareHeads(x[0], 2, new(x[1], null, 0.1f), null, (x[2], x[3])),
        Normal([2, 3, 3 * 2 * 4]), Normal([4]), Normal([1, 3, 2, 2]), Normal([1, 3, 2, 2]));

    /// <summary>The fused pass rounds as the operators that it stands for.</summary>
    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(40, true)]
    [InlineData(64, false)]
    public void The_composed_operators_give_the_same_bits(int headDim, bool shift)
    {
        const int Heads = 3, Tokens = 21;
        Device device = Device.CreateCpu(2);
        (float[] fused, float[] gradient) = Run(false);
        (float[] composed, float[] expected) = Run(true);
        Assert.Equal(composed, fused);
        Assert.Equal(expected, gradient);

        (float[] Result, float[] Gradient) Run(bool learned)
        {
            using StepScope scope = StepScope.Begin();
            Sample[] samples = [Normal([2, Tokens, 3 * Heads * headDim]), Normal([headDim]), Normal([headDim]),
                Normal([1, Tokens, 1, headDim / 2]).WithoutGradient()];
            Tensor[] x = [.. samples.Select((sample, i) => sample.Create(device, i))];
            x[3].RequiresGradient = learned;
            using Tape tape = Tape.Record();
            HeadNorm norm = new(x[1], shift ? x[2] : null, 1e-6f);
            Tensor y = Ops.PrepareHeads(x[0], Heads, norm, norm, (x[3], x[3]));
            tape.Backward(y, Ops.Scale(y, 0.5f));
            return (y.ToArray(), x[0].Gradient!.ToArray());
        }
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Tensor qkv = Tensor.Zeros([1, 7, 12], Device.Reference), two = Tensor.Zeros([2], Device.Reference),
            four = Tensor.Zeros([4], Device.Reference), angles = Tensor.Zeros([1, 6, 1, 1], Device.Reference);
        Assert.Contains("scale of keys", Assert.Throws<ShapeException>(() =>
            Ops.PrepareHeads(qkv, 2, new(two, null, 1), new(four, null, 1), null)).Message);
        Assert.Contains("shift of queries", Assert.Throws<ShapeException>(() =>
            Ops.PrepareHeads(qkv, 2, new(two, four, 1), null, null)).Message);
        Assert.Contains("[1, 7, 1, 1]", Assert.Throws<ShapeException>(() =>
            Ops.PrepareHeads(qkv, 2, null, null, (angles, angles))).Message);
        Assert.Contains("even headDim", Assert.Throws<ShapeException>(() =>
            Ops.PrepareHeads(qkv, 4, null, null, (angles, angles))).Message);
    }
}
