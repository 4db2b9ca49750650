using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class ReduceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(-1)]
    [InlineData(-3)]
    public void Gradient_along_every_axis(int axis)
    {
        GradientCheck.Run(x => Ops.Sum(x[0], axis), Normal([2, 3, 4]));
        GradientCheck.Run(x => Ops.Mean(x[0], axis), Normal([2, 3, 4]));
        GradientCheck.Run(x => Ops.Max(x[0], axis), Normal([2, 3, 4]));
    }

    [Fact]
    public void Gradient_of_the_whole()
    {
        foreach (Shape shape in (Shape[])[[], [1], [5], [2, 3, 4]])
        {
            GradientCheck.Run(x => Ops.Sum(x[0]), Normal(shape));
            GradientCheck.Run(x => Ops.Mean(x[0]), Normal(shape));
        }
    }

    [Fact]
    public void Values_along_an_axis()
    {
        Tensor x = Tensor.From([1f, 2, 3, 6, 5, 4], [2, 3], Device.Reference);
        Assert.Equal([7, 7, 7], Ops.Sum(x, 0).ToArray());
        Assert.Equal([2, 5], Ops.Mean(x, 1).ToArray());
        Assert.Equal([6, 5, 4], Ops.Max(x, 0).ToArray());
        Assert.Equal([3, 6], Ops.Max(x, -1).ToArray());
        Assert.Equal(21, Ops.Sum(x).Item());
        Assert.Equal(3.5f, Ops.Mean(x).Item());
    }

    [Fact]
    public void Sum_of_nothing_is_zero_and_its_mean_undefined()
    {
        Tensor empty = Tensor.Zeros([0, 3], Device.Reference);
        Assert.Equal(0, Ops.Sum(empty).Item());
        Assert.Equal(float.NaN, Ops.Mean(empty).Item());
        Assert.Equal([0, 0, 0], Ops.Sum(empty, 0).ToArray());
    }

    [Fact]
    public void The_first_of_equal_maxima_takes_the_gradient()
    {
        Tensor x = Tensor.From([1f, 5, 5, 2, 0, 0], [2, 3], Device.Reference);
        x.RequiresGradient = true;
        using Tape tape = Tape.Record();
        tape.Backward(Ops.Sum(Ops.Max(x, 1)));
        Assert.Equal([0, 1, 0, 1, 0, 0], x.Gradient!.ToArray());
    }
}
