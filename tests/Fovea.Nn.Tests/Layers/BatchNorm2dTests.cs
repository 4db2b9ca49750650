using Fovea.Nn.Layers;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Layers;

public sealed class BatchNorm2dTests
{
    [Fact]
    public void Without_momentum_the_running_statistics_are_the_mean_of_all_batches()
    {
        BatchNorm2d norm = new(2, momentum: null);
        norm.Initialize(Device.Reference, 1);
        // means 2 and 10, variances 2 and 0
        norm.Forward(Tensor.From([1f, 3, 10, 10], [1, 2, 2, 1], Device.Reference));
        // means 4 and 2, variances 2 and 8
        norm.Forward(Tensor.From([3f, 5, 0, 4], [1, 2, 2, 1], Device.Reference));

        Assert.Equal([3f, 6], norm.RunningMean.Value.ToArray());
        GoldenAssert.Close([2f, 4], norm.RunningVariance.Value.ToArray(), 1e-6, 0);
        Assert.Equal(2, norm.BatchesTracked.Value.Item());
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Evaluation_uses_and_keeps_the_running_statistics_and_is_fused_with_the_convolution(string name)
    {
        Device device = TestDevice.Named(name);
        using StepScope scope = StepScope.Begin();
        Conv2d convolution = new(3, 5, 3, stride: 2, padding: 1);
        BatchNorm2d norm = new(5);
        convolution.Initialize(device, 1);
        norm.Initialize(device, 2);
        Tensor x = TestTensors.Normal([2, 3, 7, 6], device), residual = TestTensors.Normal([2, 5, 4, 3], device, 1);
        norm.Forward(convolution, x);
        float[] mean = norm.RunningMean.Value.ToArray();
        norm.Train(false);

        float[] fused = norm.Forward(convolution, x, residual, relu: true).ToArray();

        using Tape tape = Tape.Record();
        GoldenAssert.Close(norm.Forward(convolution, x, residual, relu: true).ToArray(), fused, 1e-5, 1e-5);
        Assert.Equal(mean, norm.RunningMean.Value.ToArray());
        Assert.Equal(1, norm.BatchesTracked.Value.Item());
    }

    [Fact]
    public void A_moving_average_averages_the_statistics_and_takes_the_count_as_it_is()
    {
        BatchNorm2d norm = new(1);
        norm.Initialize(Device.Reference, 1);
        WeightAverage average = new(norm, 0.5);
        norm.Forward(Tensor.From([0f, 20], [2, 1, 1, 1], Device.Reference));   // running mean 1
        average.Update();

        using IDisposable swap = average.SwapIn();
        Assert.Equal(0.5, norm.RunningMean.Value.Item(), 1e-6);
        Assert.Equal(1, norm.BatchesTracked.Value.Item());
    }

    [Fact]
    public void Names_and_settings()
    {
        Assert.Equal(["running_mean", "running_var", "num_batches_tracked"],
            new BatchNorm2d(2, affine: false).NamedState().Select(entry => entry.Name));
        Assert.Throws<UsageException>(() => new BatchNorm2d(0));
        Assert.Throws<UsageException>(() => new BatchNorm2d(1, momentum: 1.5f));
        Assert.Throws<UsageException>(() => new BatchNorm2d(1, epsilon: 0));
    }
}
