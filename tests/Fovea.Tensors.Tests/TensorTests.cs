using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests;

public sealed class TensorTests
{
    [Fact]
    public void Values_come_back_as_they_went_in()
    {
        Tensor x = Tensor.From([1.5f, -2, float.NaN], [3], Device.Reference),
            labels = Tensor.From([3, -1], [2], Device.Reference);
        Assert.Equal([1.5f, -2, float.NaN], x.ToArray());
        Assert.Equal([3, -1], labels.ToIntArray());
        Assert.Equal((ElementType.Float32, ElementType.Int32), (x.ElementType, labels.ElementType));
        x.CopyFrom([4, 5, 6]);
        Assert.Equal([4, 5, 6], x.ToArray());
        Assert.Equal(7, Tensor.Full([], 7, Device.Reference).Item());
    }

    [Fact]
    public void Ranges_come_back_as_they_went_in()
    {
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            Tensor x = Tensor.From([1f, 2, 3, 4], [2, 2], device);
            x.CopyFrom([8, 9], start: 1);
            float[] tail = new float[3];
            x.CopyTo(tail, start: 1);
            Assert.Equal([8, 9, 4], tail);
            foreach (int start in (int[])[-1, 3, int.MaxValue])
            {
                Assert.Throws<ShapeException>(() => x.CopyFrom([8, 9], start));
                Assert.Throws<ShapeException>(() => x.CopyTo(tail, start));
            }
        }
    }

    [Fact]
    public void Use_after_release_throws_and_says_who_released_what()
    {
        Tensor x = Tensor.Zeros([2, 3], Device.CreateReference()), y = Ops.Gelu(x);
        y.Release();
        Assert.True(y.IsReleased);
        foreach (Action use in (Action[])[
            () => y.ToArray(), () => y.CopyFrom(new float[6]), () => y.Reshape(6), () => y.Keep(), () => Ops.Relu(y),
            () => Ops.Add(x, y),
            () => Ops.Linear(x, Tensor.Zeros([3, 3], x.Device), residual: y), () => Ops.MatMul(x, y, transposeB: true)])
            Assert.Equal(
                "Gelu: this tensor [2, 3] was released by Release(); call Keep() on it before that to use it "
                    + "afterwards.",
                Assert.Throws<TensorReleasedException>(use).Message);
        y.Release();   // twice is once
    }

    [Fact]
    public void Memory_shared_by_a_reshape_lives_until_the_last_one_lets_go()
    {
        Device device = Device.CreateReference();
        Tensor x = Tensor.From([1f, 2], [2], device), y = x.Reshape(2, 1);
        x.Release();
        Assert.Equal([1, 2], y.ToArray());
        Assert.Equal(2 * sizeof(double), device.Backend.AllocatedBytes);
        y.Release();
        Assert.Equal(0, device.Backend.AllocatedBytes);
    }

    [Fact]
    public void Release_takes_the_gradient_along()
    {
        Device device = Device.CreateReference();
        Tensor x = Sample.Normal([3]).Create(device, 0);
        using (StepScope.Begin())
        {
            using Tape tape = Tape.Record();
            tape.Backward(Ops.Sum(Ops.Apply(UnaryOperator.Square, x.Keep())));
        }

        Assert.Equal(6 * sizeof(double), device.Backend.AllocatedBytes);
        x.Release();
        Assert.Equal(0, device.Backend.AllocatedBytes);
    }

    [Fact]
    public void Devices_do_not_mix()
    {
        Tensor x = Tensor.Zeros([2], Device.Reference), y = Tensor.Zeros([2], Device.CreateReference());
        Exception refused = Assert.Throws<ArgumentException>(() => Ops.Add(x, y));
        Assert.Equal("Add: all inputs must be on one device, got reference and reference.", refused.Message);
    }

    [Fact]
    public void Wrong_counts_are_refused()
    {
        Tensor x = Tensor.Zeros([2, 3], Device.Reference);
        Exception refused = Assert.Throws<ShapeException>(() => Tensor.From(new float[5], [2, 3], Device.Reference));
        Assert.Equal("Tensor: [2, 3] has 6 elements, got 5 values.", refused.Message);
        Assert.Throws<ShapeException>(() => Tensor.From(new int[5], [2, 3], Device.Reference));
        Assert.Throws<ShapeException>(() => x.CopyFrom(new float[7]));
        Assert.Throws<ShapeException>(() => x.CopyTo(new float[5]));
        Assert.Equal("Item: needs exactly one element, got [2, 3].",
            Assert.Throws<ShapeException>(() => x.Item()).Message);
    }
}
