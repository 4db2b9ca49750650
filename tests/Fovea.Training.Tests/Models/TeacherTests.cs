using Fovea.Data;
using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;
using Fovea.Vision;

namespace Fovea.Training.Tests.Models;

public sealed class TeacherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DistillationKind.Soft, 2.5, 0.3)]
    [InlineData(DistillationKind.Hard, 1, 0.5)]
    public void The_loss_is_that_of_the_paper_and_the_teacher_records_nothing(DistillationKind kind, double temperature,
        double alpha)
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["teacher"]);
        ModelConfig config = TrainedModel.Load(run.Path, Device.Cpu).Model.Config;
        Teacher teacher = Teacher.Load(
            new() { Teacher = run.Path, Kind = kind, Alpha = alpha, Temperature = temperature }, config,
            TinyRun.Images.Info, Device.Cpu)!;
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        Tensor images = Tensor.From(
            [.. Enumerable.Range(0, 2 * 3 * 64).Select(i => new Philox(5, 5).Uniform((ulong)i, -1, 1))], [2, 3, 8, 8],
            Device.Cpu);
        float[] student = [.. Enumerable.Range(0, 20).Select(i => new Philox(6, 6).Uniform((ulong)i, -2, 2))];

        double loss = teacher.Blend(Tensor.Full([], 0.75f, Device.Cpu), Tensor.From(student, [2, 10], Device.Cpu),
            images).Item();

        float[] wise = teacher.Scores(images).ToArray();
        Assert.Equal(0, tape.Count);
        double distillation = 0;
        for (int row = 0; row < 2; row++)
        {
            double[] t = Softmax(wise.AsSpan(row * 10, 10), kind == DistillationKind.Soft ? temperature : 1),
                s = Softmax(student.AsSpan(row * 10, 10), kind == DistillationKind.Soft ? temperature : 1);
            distillation += kind == DistillationKind.Soft
                ? temperature * temperature * t.Zip(s, (a, b) => a * Math.Log(a / b)).Sum() / 2
                : -Math.Log(s[Array.IndexOf(t, t.Max())]) / 2;
        }

        Assert.Equal((1 - alpha) * 0.75 + alpha * distillation, loss, 1e-5);
    }

    [Fact]
    public void A_student_that_only_listens_learns_what_the_teacher_says()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["teacher"]);
        Recipe recipe = TinyRun.Recipe with
        {
            Distillation = new() { Teacher = run.Path, Kind = DistillationKind.Soft, Alpha = 1, Temperature = 1 },
            Regularisation = new(),
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 30, LearningRate = 3e-3 },
            Run = new() { LogEvery = 1, Seed = 7 },
        };
        List<double> losses = [];
        TinyRun.Start(recipe, _folder["student"], new SilentObserver(progress => losses.Add(progress.BatchLoss)));
        Assert.True(losses[^3..].Average() < 0.3 * losses[..3].Average(),
            $"from {losses[..3].Average()} to {losses[^3..].Average()}");
    }

    [Fact]
    public void Other_classes_or_sizes_are_refused_with_a_remedy()
    {
        RunDirectory run = TinyRun.Start(
            TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 } }, _folder["teacher"]);
        DistillationSection options = new() { Teacher = run.Path };
        ModelConfig config = TrainedModel.Load(run.Path, Device.Cpu).Model.Config;
        Assert.Contains("same classes",
            Assert.Throws<UsageException>(() =>
                Teacher.Load(options, config, TinyRun.Images.Info with
                {
                    ClassNames = [.. TinyRun.Images.Info.ClassNames.Select(name => name + "s")],
                }, Device.Cpu)).Message);
        Assert.Contains("`image-size` 8",
            Assert.Throws<UsageException>(() =>
                Teacher.Load(options, config with { ImageSize = 16 }, TinyRun.Images.Info, Device.Cpu)).Message);
    }

    [Fact]
    public void A_teacher_sees_images_as_it_was_trained_on_them()
    {
        RunDirectory run = TinyRun.Start(
            TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 } }, _folder["teacher"]);
        TrainedModel model = TrainedModel.Load(run.Path, Device.Cpu);
        Normalization own = model.Head.Data.Normalization, other = new([0.2f, 0.6f, 0.4f], [0.5f, 0.1f, 0.3f]);
        Teacher teacher = Teacher.Load(new() { Teacher = run.Path }, model.Model.Config,
            TinyRun.Images.Info with { Normalization = other }, Device.Cpu)!;
        float[] raw = [.. Enumerable.Range(0, 3 * 64).Select(i => new Philox(5, 5).Uniform((ulong)i))];
        Tensor Normalised(Normalization by) =>
            Tensor.From([.. raw.Select((value, i) => (value - by.Mean[i / 64]) / by.Std[i / 64])], [1, 3, 8, 8],
                Device.Cpu);
        float[] expected = model.Model.Forward(Normalised(own)).ToArray(),
            got = teacher.Scores(Normalised(other)).ToArray();
        for (int c = 0; c < 10; c++) Assert.Equal(expected[c], got[c], 1e-4);
    }

    [Fact]
    public void Classes_are_matched_by_name_whatever_their_numbers()
    {
        RunDirectory run = TinyRun.Start(
            TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 } }, _folder["teacher"]);
        TrainedModel model = TrainedModel.Load(run.Path, Device.Cpu);
        DatasetInfo some = TinyRun.Images.Info with
        {
            ClassNames = [.. new[] { 7, 2, 5 }.Select(label => TinyRun.Images.Info.ClassNames[label])],
        };
        Teacher teacher = Teacher.Load(new() { Teacher = run.Path }, model.Model.Config, some, Device.Cpu)!;
        using StepScope scope = StepScope.Begin();
        Tensor images = Tensor.From(
            [.. Enumerable.Range(0, 2 * 3 * 64).Select(i => new Philox(5, 5).Uniform((ulong)i, -1, 1))], [2, 3, 8, 8],
            Device.Cpu);

        float[] all = model.Model.Forward(images).ToArray(), matched = teacher.Scores(images).ToArray();

        Assert.Equal([all[7], all[2], all[5], all[17], all[12], all[15]], matched);
    }

    [Theory]
    [InlineData(DistillationKind.Feature)]
    [InlineData(DistillationKind.Token)]
    public void Features_are_learned_behind_a_projection_that_resumes_and_that_the_result_lacks(DistillationKind kind)
    {
        RunDirectory run = TinyRun.Start(
            TinyRun.Recipe with
            {
                Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 },
                Model = TinyRun.Recipe.Model with { Dim = 32, Heads = 2, PatchSize = 2 },
            }, _folder["teacher"]);
        Recipe recipe = TinyRun.Recipe with
        {
            Distillation = new() { Teacher = run.Path, Kind = kind, Alpha = 1 },
            Regularisation = new(),
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 12, LearningRate = 3e-3 },
            Run = TinyRun.Recipe.Run with { LogEvery = 1, Threads = 1 },
        };
        List<double> losses = [];
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"],
            new SilentObserver(progress => losses.Add(progress.BatchLoss)));
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"],
            new SilentObserver(progress => { if (progress.Step == 4) stop.Cancel(); }), stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"],
            old => old with { Run = old.Run with { Threads = 3 } });

        Assert.True(losses[^3..].Average() < 0.7 * losses[..3].Average(),
            $"from {losses[..3].Average()} to {losses[^3..].Average()}");
        Dictionary<string, float[]> last = SavedTensors.Of(whole.LastCheckpoint),
            best = SavedTensors.Of(whole.BestCheckpoint);
        Assert.Equal(last, SavedTensors.Of(parts.LastCheckpoint));
        Assert.Equal(best, SavedTensors.Of(parts.BestCheckpoint));
        Assert.Contains("objective.projection.weight", last.Keys);
        Assert.DoesNotContain(best.Keys, name => name.StartsWith("objective.", StringComparison.Ordinal));
        Assert.NotNull(TrainedModel.Load(whole.LastCheckpoint, Device.Cpu));   // which leaves the projection out
    }

    private static double[] Softmax(ReadOnlySpan<float> scores, double temperature)
    {
        double[] exponentials = [.. scores.ToArray().Select(score => Math.Exp(score / temperature))];
        return [.. exponentials.Select(value => value / exponentials.Sum())];
    }
}
