using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class LayoutTests
{
    [Fact]
    public void Reshape_gradient()
    {
        GradientCheck.Run(x => x[0].Reshape(4, 3), Normal([2, 6]));
        GradientCheck.Run(x => Ops.Multiply(x[0].Reshape(-1), x[1]), Normal([2, 3]), Normal([6]));
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(0, 2, 1)]
    [InlineData(1, 0, 2)]
    [InlineData(1, 2, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 0)]
    public void Permute_gradient(int first, int second, int third) =>
        GradientCheck.Run(x => Ops.Permute(x[0], first, second, third), Normal([2, 3, 4]));

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0, 2)]
    [InlineData(-1, 2, 2)]
    [InlineData(1, 0, 3)]
    public void Slice_gradient(int axis, int start, int length) =>
        GradientCheck.Run(x => Ops.Slice(x[0], axis, start, length), Normal([2, 3, 4]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void Concat_gradient(int axis)
    {
        Shape shape = [2, 3, 4];
        Sample other = Normal(shape.With(axis < 0 ? ^-axis : axis, 1));
        GradientCheck.Run(x => Ops.Concat(axis, x), Normal(shape), other, Normal(shape).WithoutGradient());
        GradientCheck.Run(x => Ops.Concat(axis, x[0], x[1], x[0]), Normal(shape), other);
    }

    [Fact]
    public void Expand_gradient()
    {
        GradientCheck.Run(x => Ops.Expand(x[0], 3, 4), Normal([1, 4]));
        GradientCheck.Run(x => Ops.Expand(x[0], 2, 3, 4), Normal([2, 1, 1]));
        GradientCheck.Run(x => Ops.Expand(x[0], 2, 3), Normal([2, 3]));
    }

    [Fact]
    public void Gather_gradient_adds_up_over_repeated_indices() =>
        GradientCheck.Run(x => Ops.Gather(x[0], x[1]), Normal([3, 4]), Integers([8], 3));

    [Fact]
    public void Patchify_gradient() => GradientCheck.Run(x => Ops.Patchify(x[0], 2), Normal([2, 3, 4, 6]));

    [Fact]
    public void Elements_land_where_the_definition_says()
    {
        Tensor x = Tensor.From([1f, 2, 3, 4, 5, 6], [2, 3], Device.Reference);
        Assert.Equal([1, 4, 2, 5, 3, 6], Ops.Permute(x, 1, 0).ToArray());
        Assert.Equal([2, 3, 5, 6], Ops.Slice(x, 1, 1, 2).ToArray());
        Assert.Equal([1, 2, 3, 3, 4, 5, 6, 6], Ops.Concat(1, x, Ops.Slice(x, 1, 2, 1)).ToArray());
        Assert.Equal([4, 5, 6, 1, 2, 3, 4, 5, 6],
            Ops.Gather(x, Tensor.From([1, 0, 1], [3], Device.Reference)).ToArray());
        Assert.Equal([1, 2, 3, 1, 2, 3], Ops.Expand(Ops.Slice(x, 0, 0, 1), 2, 3).ToArray());
        Tensor image = Tensor.From([1f, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 4], Device.Reference);
        Assert.Equal([1, 2, 5, 6, 3, 4, 7, 8], Ops.Patchify(image, 2).ToArray());
    }

    [Fact]
    public void Reshape_shares_the_memory_and_infers_one_size()
    {
        Tensor x = Tensor.From([1f, 2, 3, 4, 5, 6], [2, 3], Device.Reference), y = x.Reshape(-1, 2);
        Assert.Equal([3, 2], y.Shape);
        Assert.Same(x.Storage, y.Storage);
    }
}
