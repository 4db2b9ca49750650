using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests;

public sealed class AllocationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_step_allocates_a_small_constant_and_nothing_stays()
    {
        List<long> allocated = [], native = [];
        Recipe recipe = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 20 },
            // a device of its own
            Run = TinyRun.Recipe.Run with { CheckpointEvery = null, LogEvery = 1000, Threads = 2 },
        };
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);
        RunDirectory run = RunDirectory.Create(_folder["run"], "m", "d", DateTime.UnixEpoch);
        using RunLog log = RunLog.Begin(run);
        SilentObserver observer = new(_ =>
        {
            allocated.Add(GC.GetAllocatedBytesForCurrentThread());
            native.Add(parts.Device.Backend.AllocatedBytes);
        });
        new Trainer(parts, run, log, observer).Run(CancellationToken.None);

        // Inside an epoch of three steps only the second follows another one directly.
        long[] steps = [.. Enumerable.Range(5, 15).Select(epoch => allocated[3 * epoch + 1] - allocated[3 * epoch])];
        Assert.All(steps, bytes => Assert.InRange(bytes, 0, 256 << 10));
        // A step that had to wait for its batch allocates a little for the wait: the medians tell whether anything
        // grows.
        long early = steps[..5].Order().ElementAt(2), late = steps[^5..].Order().ElementAt(2);
        Assert.True(late < 1.1 * early, $"from {early} to {late} bytes a step");
        Assert.Equal(native[9], native[^1]);
    }
}
