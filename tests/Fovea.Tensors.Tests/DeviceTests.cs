namespace Fovea.Tensors.Tests;

public sealed class DeviceTests
{
    [Fact]
    public void NamesOpenTheirDevices()
    {
        Assert.Same(Device.Cpu, Device.Open("cpu"));
        Assert.Same(Device.Reference, Device.Open("Reference", 3));
        Assert.Equal(3, Device.Open("cpu", 3).Backend.Threads);
    }

    [Fact]
    public void ThreadsOfTheCpuArePinnedWhenAsked()
    {
        Assert.Null(Device.Open("cpu", 2, pinning: Pinning.None).Backend.Placement);
        Assert.Matches("pin", Device.Open("cpu", 2, pinning: Pinning.Cores).Backend.Placement);
        Assert.Equal("pin", Assert.Throws<UsageException>(() =>
            Device.Open("reference", pinning: Pinning.Cores)).Field);
    }

    [Fact]
    public void AnUnknownNameIsRefusedWithTheNearest()
    {
        UsageException error = Assert.Throws<UsageException>(() => Device.Open("referense"));
        Assert.Contains("did you mean 'reference'", error.Message);
        Assert.Contains("cpu, reference", error.Message);
        Assert.Null(Device.Find("referense"));
        // computes nothing, so that nobody trains on it by mistake
        Assert.Throws<UsageException>(() => Device.Open("meta"));
    }

    [Fact]
    public void AnAssemblyAddsItsOwn()
    {
        DeviceRequest? seen = null;
        Device.Register("other", request =>
        {
            seen = request;
            return new Device($"other:{request.Index}", Device.Reference.Backend);
        });

        Device device = Device.Open("Other:1", 2);
        Assert.Equal(new DeviceRequest("1", 2), seen);
        Assert.Equal([3, 4], Ops.Add(Tensor.From([1f, 2], [2], device), Tensor.From([2f, 2], [2], device)).ToArray());
        Assert.Equal("other:1", Device.Find("OTHER:1"));
        Assert.Equal("cpu", Device.Names[0]);
        Assert.Contains("other", Device.Names);
        Assert.Throws<ArgumentException>(() => Device.Register("CPU", _ => device));
        Assert.Throws<ArgumentException>(() => Device.Register("a:b", _ => device));
    }
}
