using Fovea.Server.Batching;
using Fovea.Server.Metering;
using Fovea.Server.Models;
using Fovea.Tensors;
using Fovea.Training.Models;

namespace Fovea.Server.Tests.Models;

public sealed class ServedModelTests(TwoRuns runs) : IClassFixture<TwoRuns>
{
    [Fact]
    public void The_last_one_to_leave_gives_the_weights_back()
    {
        TrainedModel model = TrainedModel.Load(runs.First, Device.Cpu);
        using ServerMetrics metrics = new();
        ServedModel served = new("m", model, new BatchLimits(1, TimeSpan.Zero, 1), metrics);
        Assert.True(served.TryEnter());
        served.Leave();   // another one has taken its place
        Assert.All(model.Model.NamedState(), entry => Assert.False(entry.Tensor.Value.IsReleased));
        served.Leave();
        Assert.All(model.Model.NamedState(), entry => Assert.True(entry.Tensor.Value.IsReleased));
    }
}
