using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class BatchNormTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Gradient(bool residual, bool relu)
    {
        Sample[] samples = Samples([3, 2, 2, 3]);
        GradientCheck.Run(x => Ops.BatchNorm(x[0], x[1], x[2], null, null, 0, 1e-3f, residual ? x[5] : null, relu),
            Used(samples, 5, residual));
        GradientCheck.Run(x => Ops.FixedBatchNorm(x[0], x[1], x[2], x[3], x[4], 1e-3f, residual ? x[5] : null, relu),
            Used(samples, 5, residual));
    }

    [Fact]
    public void Gradient_without_scale_and_shift_and_of_vectors() =>
        GradientCheck.Run(x => Ops.BatchNorm(x[0], null, null, null, null, 0, 1e-3f), Normal([5, 3]));

    [Fact]
    public void Running_statistics_move_towards_the_batch_with_the_unbiased_variance()
    {
        Device device = Device.CreateReference();
        // channel 0: 1 2 10 10, channel 1: 3 4 10 14
        Tensor x = Tensor.From([1f, 2, 3, 4, 10, 10, 10, 14], [2, 2, 2], device);
        Tensor mean = Tensor.From([0f, 1], [2], device), variance = Tensor.From([1f, 1], [2], device);

        Ops.BatchNorm(x, null, null, mean, variance, 0.25f);

        GoldenAssert.Close([0.25 * 5.75, 0.75 + 0.25 * 7.75], mean.Doubles(), 1e-12, 0);
        GoldenAssert.Close([0.75 + 0.25 * 72.75 / 3, 0.75 + 0.25 * 80.75 / 3], variance.Doubles(), 1e-6, 0);
    }

    [Fact]
    public void The_fused_convolution_is_the_steps_one_by_one()
    {
        Device device = Device.CreateReference();
        Sample[] samples = Samples([2, 4, 3, 3]);
        Tensor[] norm = [.. samples[1..5].Select((sample, i) => sample.Create(device, i))];
        Tensor image = Normal([2, 3, 5, 6]).Create(device, 7), weight = Normal([4, 3, 3, 3]).Create(device, 8),
            bias = Normal([4]).Create(device, 9);
        Tensor residual = samples[5].Create(device, 10);

        Tensor fused = Ops.NormedConv2d(image, weight, bias, norm[0], norm[1], norm[2], norm[3], 1e-3f, residual, true,
            stride: 2, padding: 1);

        Tensor steps = Ops.FixedBatchNorm(Ops.Conv2d(image, weight, bias, stride: 2, padding: 1), norm[0], norm[1],
            norm[2], norm[3], 1e-3f, residual, true);
        GoldenAssert.Close(steps.Doubles(), fused.Doubles(), 1e-13, 1e-13);
        using Tape tape = Tape.Record();
        Assert.Throws<InvalidOperationException>(() =>
            Ops.NormedConv2d(image, weight, null, null, null, norm[2], norm[3]));
    }

    [Fact]
    public void A_single_value_per_channel_is_refused()
    {
        UsageException refused = Assert.Throws<UsageException>(() =>
            Ops.BatchNorm(Tensor.Zeros([1, 3, 1, 1], Device.Reference), null, null, null, null, 0.1f));
        Assert.StartsWith("batch norm: [1, 3, 1, 1] has one value per channel", refused.Reason,
            StringComparison.Ordinal);
    }

    /// <summary>Input, scale, shift, mean, variance, residual.</summary>
    internal static Sample[] Samples(Shape shape)
    {
        int channels = shape[1];
        return
        [
            Normal(shape, 2, 0.5), Normal([channels]), Normal([channels]), Normal([channels]).WithoutGradient(),
            Uniform([channels], 0.5f, 2).WithoutGradient(), Normal(shape),
        ];
    }

    internal static Sample[] Used(Sample[] samples, int index, bool used) =>
        [.. samples.Select((sample, i) => i == index && !used ? sample.WithoutGradient() : sample)];
}
