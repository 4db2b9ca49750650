using System.Runtime.CompilerServices;
using Fovea.Torch.Backends;
using Fovea.Torch.Native;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Torch.Tests;

/// <summary>What steps leave behind in libtorch.</summary>
public sealed class HandleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sixty_steps_leave_no_tensor_behind() => AssertConstant(epochs: 20);

    [Fact]
    [Trait("Category", "Slow")]
    public void A_thousand_steps_leave_no_tensor_and_no_memory_behind()
    {
        List<long> memory = AssertConstant(epochs: 334);

        // The smallest of some hundred steps: what is held, not what is used for a moment.
        int some = memory.Count / 10;
        long early = memory.GetRange(some, some).Min(), late = memory.GetRange(memory.Count - some, some).Min();
        Assert.True(late < early + (48L << 20), $"from {early} to {late} bytes");
    }

    [Fact]
    public void What_nobody_released_is_deleted_before_memory_is_said_to_lack()
    {
        TorchBackend backend = (TorchBackend)Support.Torch.Device.Backend;
        Collect();
        long before = Support.Torch.Handles;
        Forget(backend);
        Assert.Equal(before + 1, Support.Torch.Handles);
        Assert.Throws<TorchException>(() => backend.Empty([1L << 50], backend.Torch.Float32));
        Assert.Equal(before, Support.Torch.Handles);
    }

    /// <summary>A result that is the input itself gets memory of its own.</summary>
    [Fact]
    public void No_result_shares_memory_with_an_input()
    {
        Backend backend = Support.Torch.Device.Backend;
        (string Name, Action<Storage, Storage> Run)[] identities =
        [
            ("sum over nothing", (x, y) => backend.SumTo(x, [3, 2], new(y), [3, 2], 1)),
            ("scale by 1", (x, y) => backend.AddScaled(x, new(y), 6, 1)),
            ("repeated nowhere", (x, y) => backend.BroadcastTo(x, [3, 2], new(y), [3, 2], 1)),
            ("same order", (x, y) => backend.Permute(x, [3, 2], [0, 1], new(y))),
            ("a residual's gradient", (x, y) => backend.BatchNormBackward(
                new(x, new(x, x, null, null, 1), x, false, 3, 2, 1), x, x, true, new(null, null, null, new(y)))),
        ];
        foreach ((string name, Action<Storage, Storage> run) in identities)
        {
            Storage x = backend.Rent(6), y = backend.Rent(6);
            backend.Write(x, [1, 2, 3, 4, 5, 6]);
            run(x, y);
            backend.Fill(x, 6, 0);
            float[] kept = new float[6];
            backend.Read(y, kept);
            Assert.True(kept.SequenceEqual([1, 2, 3, 4, 5, 6]), name);
            backend.Return(x);
            backend.Return(y);
        }
    }

    /// <summary>Counts after each step; returns the process's memory beside the managed heap after some of
    /// them.</summary>
    private List<long> AssertConstant(int epochs)
    {
        _ = Support.Torch.Device;
        Collect();
        List<long> handles = [], bytes = [], memory = [];
        Recipe recipe = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = epochs },
            Run = TinyRun.Recipe.Run with { Device = Support.Torch.Name, CheckpointEvery = null, LogEvery = 1000 },
        };
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);
        RunDirectory run = RunDirectory.Create(_folder["run"], "m", "d", DateTime.UnixEpoch);
        using RunLog log = RunLog.Begin(run);
        SilentObserver observer = new(_ =>
        {
            handles.Add(Support.Torch.Handles);
            bytes.Add(parts.Device.Backend.AllocatedBytes);
            if (handles.Count % 20 != 0) return;
            // What the heap has is known only right after a collection, which also gives back what it does not use.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            memory.Add(Environment.WorkingSet - GC.GetGCMemoryInfo().TotalCommittedBytes);
        });
        new Trainer(parts, run, log, observer).Run(CancellationToken.None);

        // The third step of each epoch, from the second epoch on.
        Assert.Single(Enumerable.Range(1, epochs - 1).Select(epoch => bytes[3 * epoch + 2]).Distinct());
        Assert.Single(Enumerable.Range(1, epochs - 1).Select(epoch => handles[3 * epoch + 2]).Distinct());
        return memory;
    }

    /// <summary>Lets the finalizer have what other tests left to it.</summary>
    private static void Collect()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(TorchBackend backend) => backend.Write(backend.Rent(6), [1, 2, 3, 4, 5, 6]);
}
