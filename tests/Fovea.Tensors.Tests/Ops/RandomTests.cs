using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class RandomTests
{
    private static readonly Philox Random = new(7, 3);

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    [InlineData(0.9f)]
    public void Dropout_gradient(float probability)
    {
        GradientCheck.Run(x => Ops.Scale(Ops.Dropout(x[0], probability, Random), 1), Normal([4, 9]));
        GradientCheck.Run(x => Ops.Scale(Ops.DropPath(x[0], probability, Random), 1), Normal([6, 2, 3]));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void A_batch_in_parts_is_dropped_as_a_whole_one_is(string device)
    {
        Device place = device == "cpu" ? Device.Cpu : Device.Reference;
        float[] Of(Func<Tensor, int, Tensor> drop, int first, int count) =>
            drop(Tensor.Full([count, 3, 7], 1, place), first).ToArray();
        Tensor Elements(Tensor x, int first) => Ops.Dropout(x, 0.5f, Random, first);
        Tensor Samples(Tensor x, int first) => Ops.DropPath(x, 0.5f, Random, first);
        foreach (Func<Tensor, int, Tensor> drop in (Func<Tensor, int, Tensor>[])[Elements, Samples])
            Assert.Equal<float>(Of(drop, 0, 5), (float[])[.. Of(drop, 0, 2), .. Of(drop, 2, 2), .. Of(drop, 4, 1)]);
    }

    [Fact]
    public void Dropout_keeps_its_share_and_the_mean()
    {
        float[] y = Ops.Dropout(Tensor.Full([10000], 1, Device.Reference), 0.25f, Random).ToArray();
        Assert.All(y, value => Assert.True(value == 0 || value == 1 / 0.75f));
        Assert.InRange(y.Count(value => value == 0), 2500 - 150, 2500 + 150);   // 3.5 standard deviations of 43
    }

    [Fact]
    public void DropPath_drops_whole_samples()
    {
        float[] y = Ops.DropPath(Tensor.Full([1000, 5], 1, Device.Reference), 0.5f, Random).ToArray();
        foreach (float[] sample in y.Chunk(5)) Assert.All(sample, value => Assert.Equal(sample[0], value));
        Assert.InRange(y.Chunk(5).Count(sample => sample[0] == 0), 440, 560);
        Assert.All(y, value => Assert.True(value is 0 or 2));
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(1f)]
    [InlineData(float.NaN)]
    public void Probabilities_outside_the_range_are_refused(float probability)
    {
        Tensor x = Tensor.Zeros([2], Device.Reference);
        Exception dropout = Assert.Throws<ArgumentOutOfRangeException>(() => Ops.Dropout(x, probability, Random));
        Assert.StartsWith("Dropout: the probability", dropout.Message, StringComparison.Ordinal);
        Exception dropPath = Assert.Throws<ArgumentOutOfRangeException>(() => Ops.DropPath(x, probability, Random));
        Assert.StartsWith("DropPath: the probability", dropPath.Message, StringComparison.Ordinal);
    }
}
