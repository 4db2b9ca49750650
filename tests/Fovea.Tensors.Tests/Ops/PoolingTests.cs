using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class PoolingTests
{
    [Theory]   // kernel, stride, padding, ceiling
    [InlineData(2, 2, 0, false)]
    [InlineData(3, 2, 1, false)]
    [InlineData(3, 2, 1, true)]
    [InlineData(2, 3, 0, true)]
    [InlineData(3, 1, 1, false)]
    public void Gradient(int kernel, int stride, int padding, bool ceiling)
    {
        GradientCheck.Run(x => Ops.MaxPool(x[0], kernel, stride, padding, ceiling), Normal([2, 2, 5, 6]));
        foreach (bool countPadding in (bool[])[true, false])
            GradientCheck.Run(x => Ops.AveragePool(x[0], kernel, stride, padding, ceiling, countPadding),
                Normal([2, 2, 5, 6]));
    }

    [Fact]
    public void Gradient_of_bins_and_of_other_sizes()
    {
        GradientCheck.Run(x => Ops.AdaptiveAveragePool(x[0], 3, 4), Normal([2, 2, 5, 6]));
        GradientCheck.Run(x => Ops.GlobalAveragePool(x[0]), Normal([2, 2, 3, 2]));
        foreach (Resampling resampling in Enum.GetValues<Resampling>())
            foreach (bool antialias in (bool[])[false, true])
            {
                GradientCheck.Run(x => Ops.Resize(x[0], 3, 4, resampling, antialias), Normal([1, 2, 7, 5]));
                GradientCheck.Run(x => Ops.Resize(x[0], 7, 5, resampling, antialias), Normal([1, 2, 3, 4]));
            }
    }

    [Fact]   // PyTorch's avg_pool1d of 1..5 with kernel 3, stride 2, padding 1: the sums are 3, 9, 9
    public void Rules_of_the_mean_at_the_border()
    {
        Assert.Equal([1f, 3, 3], Rows(countPadding: true));
        Assert.Equal([1.5f, 3, 4.5f], Rows(countPadding: false));

        static float[] Rows(bool countPadding) => Ops.Slice(
            Ops.AveragePool(Tensor.From([1f, 2, 3, 4, 5], [1, 1, 5, 1], Device.Reference), 3, 2, 1,
                countPadding: countPadding).Reshape(3, -1), 1, 0, 1)
            .ToArray().Select(value => countPadding ? value * 3 : value).ToArray();   // one column of three is inside
    }

    [Theory]   // ties, infinities and NaN
    [InlineData(3, 2, 1)]
    [InlineData(2, 2, 0)]
    [InlineData(3, 1, 1)]
    public void The_first_of_equal_elements_gets_the_gradient(int kernel, int stride, int padding)
    {
        float[] values = [0, 1, float.NegativeInfinity, float.NegativeInfinity, float.PositiveInfinity, float.NaN];
        Random random = new(5);
        float[] image = [.. Enumerable.Range(0, 2 * 9 * 70).Select(i =>
            i < 9 * 70 ? values[random.Next(i % 70 < 35 ? 4 : values.Length)] : float.NegativeInfinity)];
        Assert.Equal(Gradient(Device.Reference), Gradient(Device.Cpu));

        float[] Gradient(Device device)
        {
            using Tape tape = Tape.Record();
            Tensor x = Tensor.From(image, [1, 2, 9, 70], device);
            x.RequiresGradient = true;
            Tensor y = Ops.MaxPool(x, kernel, stride, padding);
            float[] slopes = [.. Enumerable.Range(0, y.Shape.Elements).Select(i => (float)(i % 5 + 1))];
            tape.Backward(y, Tensor.From(slopes, y.Shape, device));
            return x.Gradient!.ToArray();
        }
    }

    [Theory]   // with ceiling a window must begin inside the image or its left padding
    [InlineData(5, 2, 2, 0, false, 2)]
    [InlineData(5, 2, 2, 0, true, 3)]
    [InlineData(5, 3, 2, 1, true, 3)]
    [InlineData(4, 1, 3, 0, true, 2)]
    [InlineData(6, 2, 4, 1, true, 2)]
    [InlineData(5, 2, 4, 1, true, 2)]
    public void Number_of_windows(int size, int kernel, int stride, int padding, bool ceiling, int windows)
    {
        Tensor image = Tensor.Zeros([1, 1, size, size], Device.Reference);
        Assert.Equal([1, 1, windows, windows], Ops.MaxPool(image, kernel, stride, padding, ceiling).Shape);
        Assert.Equal([1, 1, windows, windows], Ops.AveragePool(image, kernel, stride, padding, ceiling).Shape);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void The_largest_element_is_the_first_of_equals_and_NaN_wins(string name)
    {
        Device device = name == "cpu" ? Device.Cpu : Device.Reference;
        using StepScope scope = StepScope.Begin();
        Tensor x = Tensor.From([3f, 3, -1, -2, 3, 3, float.NaN, -3], [1, 1, 2, 4], device);
        x.RequiresGradient = true;
        using Tape tape = Tape.Record();
        Tensor y = Ops.MaxPool(x, 2);
        Assert.Equal([3, float.NaN], y.ToArray());
        tape.Backward(y, Tensor.From([1f, 2], [1, 1, 1, 2], device));
        Assert.Equal([1f, 0, 0, 0, 0, 0, 2, 0], x.Gradient!.ToArray());
    }

    [Fact]
    public void Resizing_to_the_same_size_changes_nothing()
    {
        Tensor image = Normal([1, 2, 5, 4]).Create(Device.CreateReference(), 0);
        foreach (Resampling resampling in Enum.GetValues<Resampling>())
            GoldenAssert.Close(image.Doubles(), Ops.Resize(image, 5, 4, resampling, antialias: true).Doubles(), 1e-14,
                1e-14);
    }

    [Fact]
    public void Windows_larger_than_the_image_and_empty_sizes_are_refused()
    {
        Tensor image = Tensor.Zeros([1, 1, 2, 2], Device.Reference);
        Assert.Equal("MaxPool: windows of 3 x 3 are larger than the padded image [1, 1, 2, 2].",
            Assert.Throws<ShapeException>(() => Ops.MaxPool(image, 3)).Message);
        Assert.Equal("MaxPool: kernel 3 and stride 3 must be at least 1, padding 2 0 to half the kernel.",
            Assert.Throws<ShapeException>(() => Ops.MaxPool(image, 3, padding: 2)).Message);
        Assert.Equal("Resize: 0 x 2 of [1, 1, 2, 2]: all sizes must be at least 1.",
            Assert.Throws<ShapeException>(() => Ops.Resize(image, 0, 2)).Message);
    }
}
