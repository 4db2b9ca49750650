using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class ConvolutionTests
{
    [Theory]   // channels in, out, kernel, stride, padding, dilation, groups
    [InlineData(2, 3, 3, 1, 1, 1, 1)]
    [InlineData(2, 3, 3, 2, 1, 1, 1)]
    [InlineData(2, 2, 2, 1, 2, 2, 1)]
    [InlineData(4, 6, 3, 1, 1, 1, 2)]
    [InlineData(3, 3, 3, 2, 2, 2, 3)]
    [InlineData(3, 2, 1, 1, 0, 1, 1)]
    [InlineData(2, 3, 1, 2, 0, 1, 1)]
    [InlineData(2, 3, 2, 2, 0, 1, 1)]
    public void Gradient(int channels, int outputs, int kernel, int stride, int padding, int dilation, int groups) =>
        GradientCheck.Run(x => Ops.Conv2d(x[0], x[1], x[2], stride, padding, dilation, groups),
            Normal([2, channels, 4, 5]), Normal([outputs, channels / groups, kernel, kernel]), Normal([outputs]));

    [Fact]
    public void Gradient_of_an_oblong_kernel_without_bias() =>
        GradientCheck.Run(x => Ops.Conv2d(x[0], x[1], padding: 1), Normal([1, 2, 3, 6]), Normal([2, 2, 1, 3]));

    [Theory]
    [InlineData(3)]   // transformed weights are kept
    [InlineData(1)]   // they are not, here
    public void Weights_that_stay_give_the_same_bits_until_they_change(int kernel)
    {
        Device device = Device.CreateCpu(2);
        Tensor image = Normal([3, 17, 14, 15]).Create(device, 0), image2 = Normal([5, 17, 9, 20]).Create(device, 3),
            weight = Normal([18, 17, kernel, kernel]).Create(device, 1),
            other = Normal([18, 17, kernel, kernel]).Create(device, 2);
        float[][] expected = [.. new[] { (image, weight), (image2, weight), (image, other) }
            .Select(pair => Ops.Conv2d(pair.Item1, pair.Item2, padding: 1).ToArray())];
        weight.Settle();
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(expected[0], Ops.Conv2d(image, weight, padding: 1).ToArray());
            Assert.Equal(expected[1], Ops.Conv2d(image2, weight, padding: 1).ToArray());
        }

        weight.CopyFrom(other.ToArray());
        for (int i = 0; i < 2; i++) Assert.Equal(expected[2], Ops.Conv2d(image, weight, padding: 1).ToArray());
    }

    [Theory]   // Winograd's tiles of 2 x 2 in the first image, of 4 x 4 in the others
    [InlineData(64, 7, 1)]
    [InlineData(64, 32, 2.5)]
    [InlineData(256, 14, 2.5)]
    public void Errors_of_3_x_3_are_about_those_of_sums_in_order(int channels, int size, double times)
    {
        Tensor Convolve(Device device) => Ops.Conv2d(Normal([4, channels, size, size]).Create(device, 0),
            Normal([16, channels, 3, 3]).Create(device, 1), padding: 1);

        double[] exact = Convolve(Device.CreateReference()).Doubles();
        float[] image = Normal([4, channels, size, size]).Create(Device.CreateCpu(1), 0).ToArray(),
            kernels = Normal([16, channels, 3, 3]).Create(Device.CreateCpu(1), 1).ToArray();
        double error = Distance(Convolve(Device.CreateCpu(2)).Doubles()), inOrder = Distance(SumsInOrder());
        Assert.InRange(error, 0, times * inOrder);

        double Distance(double[] sums) => Math.Sqrt(sums.Zip(exact, (a, b) => (a - b) * (a - b)).Average());

        double[] SumsInOrder()
        {
            double[] sums = new double[exact.Length];
            Parallel.For(0, sums.Length, i =>
            {
                (int x, int y, int output, int of) = (i % size, i / size % size, i / size / size % 16,
                    i / size / size / 16);
                float sum = 0;
                for (int c = 0; c < channels; c++)
                    for (int tap = 0; tap < 9; tap++)
                    {
                        (int row, int column) = (y + tap / 3 - 1, x + tap % 3 - 1);
                        if ((uint)row >= size || (uint)column >= size) continue;
                        sum += image[((of * channels + c) * size + row) * size + column]
                            * kernels[(output * channels + c) * 9 + tap];
                    }

                sums[i] = sum;
            });
            return sums;
        }
    }

    [Fact]
    public void A_kernel_that_covers_the_image_is_a_dot_product()
    {
        Tensor image = Tensor.From([1f, 2, 3, 4], [1, 1, 2, 2], Device.Reference);
        Tensor kernel = Tensor.From([1f, 10, 100, 1000], [1, 1, 2, 2], Device.Reference);
        Assert.Equal([4321], Ops.Conv2d(image, kernel).ToArray());
    }

    [Fact]
    public void Patches_times_weight_are_the_convolution_with_stride_equal_to_kernel()
    {
        Device device = Device.CreateReference();
        Tensor image = Normal([2, 3, 8, 12]).Create(device, 0), weight = Normal([5, 3, 4, 4]).Create(device, 1),
            bias = Normal([5]).Create(device, 2);
        Tensor convolved = Ops.Permute(Ops.Conv2d(image, weight, bias, stride: 4).Reshape(2, 5, 6), 0, 2, 1);
        Tensor patches = Ops.Linear(Ops.Patchify(image, 4), weight.Reshape(5, 48), bias);
        GoldenAssert.Close(convolved.Doubles(), patches.Doubles(), 1e-13, 1e-13);
    }

    [Fact]   // (2 − 3) / 2 is 0 in integers, which would allow one output
    public void A_kernel_larger_than_the_image_is_refused_for_any_stride()
    {
        Tensor image = Tensor.Zeros([1, 1, 2, 2], Device.Reference),
            kernel = Tensor.Zeros([1, 1, 3, 3], Device.Reference);
        foreach (int stride in (int[])[1, 2, 3])
        {
            ShapeException refused = Assert.Throws<ShapeException>(() => Ops.Conv2d(image, kernel, stride: stride));
            Assert.Equal("Conv2d: the kernel of [1, 1, 3, 3] is larger than the padded image [1, 1, 2, 2].",
                refused.Message);
        }
    }
}
