using Fovea.Tensors.Backends.Profiling;
using Fovea.Torch.Backends;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Torch.Tests;

/// <summary>Runs on a device that works behind calls, as cuda does, tried on the CPU: numbers are read a step
/// late.</summary>
public sealed class DeferredTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TorchBackend _backend = (TorchBackend)Support.Torch.Device.Backend;

    public void Dispose()
    {
        _backend.WorksBehindCalls = false;
        _folder.Dispose();
    }

    /// <summary>The same steps in the same order, each once; clipping, averages and dropout included.</summary>
    [Theory]
    [InlineData(null, 1)]
    [InlineData(0.5, 1)]
    [InlineData(0.5, 2)]
    [InlineData(0.5, 1, OptimizerKind.Lamb)]
    [InlineData(null, 1, OptimizerKind.Lars)]
    [InlineData(0.5, 1, OptimizerKind.Lars)]
    [InlineData(0.5, 1, OptimizerKind.Lion)]
    [InlineData(0.5, 1, OptimizerKind.Adan)]
    [InlineData(null, 1, OptimizerKind.ScheduleFree)]
    [InlineData(0.5, 1, OptimizerKind.Muon)]
    public void Numbers_read_a_step_late_are_the_same(double? clip, int accumulation,
        OptimizerKind optimizer = OptimizerKind.AdamW)
    {
        Recipe start = ModelDefaults.For(Recipe(), optimizer);
        Recipe recipe = start with
        {
            Optimisation = start.Optimisation with
            {
                Optimizer = optimizer,
                ClipGradient = clip,
                GradientAccumulation = accumulation,
            },
            Regularisation = start.Regularisation with
            {
                EmaDecay = optimizer == OptimizerKind.ScheduleFree ? null : start.Regularisation.EmaDecay,
            },
            Run = Recipe().Run with { CheckpointEvery = null },
        };

        List<(int, int, int, double Loss, double Rate)> known = Steps(recipe, "known", false),
            late = Steps(recipe, "late", true);

        Assert.Equal([.. Enumerable.Range(1, 9)], late.Select(step => step.Item1));
        Assert.Equal(known.Select(step => (step.Item1, step.Item2, step.Item3, step.Rate)),
            late.Select(step => (step.Item1, step.Item2, step.Item3, step.Rate)));
        foreach ((var a, var b) in known.Zip(late)) Assert.Equal(a.Loss, b.Loss, 1e-5 * a.Loss);
        RunEvent[] logged = Logged("late");
        Assert.Equal(Logged("known").Select(entry => (entry.Event, entry.Step, entry.Epoch)),
            logged.Select(entry => (entry.Event, entry.Step, entry.Epoch)));
        foreach ((RunEvent a, RunEvent b) in Logged("known").Zip(logged))
        {
            Assert.Equal(a.TrainLoss ?? 0, b.TrainLoss ?? 0, 1e-4);
            Assert.Equal(a.TrainAccuracy, b.TrainAccuracy);
            Assert.Equal(a.GradientNorm ?? 0, b.GradientNorm ?? 0, 1e-3);
        }
    }

    /// <summary>A read waits for all that the device was told.</summary>
    [Fact]
    public void Labels_that_came_from_the_host_are_checked_without_a_read()
    {
        _backend.WorksBehindCalls = true;
        ProfilingBackend counted = new(_backend) { IsOn = true };
        Device device = new("counted", counted);
        using StepScope scope = StepScope.Begin();
        Tensor logits = Tensor.Zeros([2, 3], device);
        Tensor Loss(params int[] labels) => Ops.CrossEntropy(logits, Tensor.From(labels, [2], device));

        _ = Loss(0, 2);
        Assert.NotEmpty(counted.Calls);
        Assert.DoesNotContain(counted.Calls, call => call.Name == nameof(Backend.Read));
        foreach (int wrong in (int[])[-1, 3])
            Assert.Equal(wrong, Assert.Throws<ArgumentOutOfRangeException>(() => Loss(0, wrong)).ActualValue);
    }

    [Fact]
    public void An_interrupted_run_goes_on_with_the_same_bits()
    {
        _backend.WorksBehindCalls = true;
        List<double> whole = [], parts = [];
        TinyRun.Start(Recipe(), _folder["whole"], new SilentObserver(step => whole.Add(step.BatchLoss)));
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(Recipe(), _folder["parts"],
            new SilentObserver(step =>
            {
                parts.Add(step.BatchLoss);
                if (step.Step == 4) stop.Cancel();
            }), stop));
        TinyRun.Resume(_folder["parts"], observer: new SilentObserver(step => parts.Add(step.BatchLoss)));

        Assert.Equal(whole, parts);
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Lamb)]
    [InlineData(OptimizerKind.Lars)]
    public void A_run_that_diverges_names_the_same_step_and_place(OptimizerKind optimizer)
    {
        Recipe recipe = Recipe() with
        {
            Optimisation = Recipe().Optimisation with
            {
                LearningRate = 1e38,
                Optimizer = optimizer,
                ClipGradient = null
            },
            Schedule = Recipe().Schedule with { WarmupEpochs = 0 },
        };
        string Reason(string name, bool late)
        {
            _backend.WorksBehindCalls = late;
            string message = Assert.Throws<TrainingDivergedException>(
                () => TinyRun.Start(recipe, _folder[name])).Message;
            return message.Split(';')[0];
        }

        string known = Reason("known", false), late = Reason("late", true);

        Assert.Equal(known, late);
    }

    private Recipe Recipe() => TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Device = Support.Torch.Name } };

    private RunEvent[] Logged(string name) => [.. RunLog.ReadEvents(RunDirectory.ForResume(_folder[name]))];

    private List<(int, int, int, double, double)> Steps(Recipe recipe, string name, bool late)
    {
        _backend.WorksBehindCalls = late;
        List<(int, int, int, double, double)> steps = [];
        TinyRun.Start(recipe, _folder[name], new SilentObserver(step =>
            steps.Add((step.Step, step.StepInEpoch, step.Epoch, step.BatchLoss, step.LearningRate))));
        return steps;
    }
}
