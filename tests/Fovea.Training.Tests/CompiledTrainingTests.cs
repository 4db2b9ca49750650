using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests;

public sealed class CompiledTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Recipes => [.. Kinds.Keys];

    private static Dictionary<string, Func<Recipe, Recipe>> Kinds { get; } = new()
    {
        ["as it is"] = recipe => recipe,
        ["in parts"] = recipe => recipe with
        {
            Optimisation = recipe.Optimisation with { GradientAccumulation = 2 }
        },
        ["bf16"] = recipe => recipe with { Run = recipe.Run with { Precision = Precision.Bf16 } },
        ["mixed"] = recipe => recipe with
        {
            Regularisation = recipe.Regularisation with { Mixup = 0.8, CutMix = 1 }
        },
        ["binary"] = recipe => recipe with { Regularisation = recipe.Regularisation with { BinaryLoss = true } },
        ["blocks again"] = recipe => recipe with
        {
            Optimisation = recipe.Optimisation with { GradientCheckpointing = true }
        },
        ["frozen"] = recipe => recipe with { Optimisation = recipe.Optimisation with { Freeze = 1 } },
        ["batch norm"] = recipe => recipe with
        {
            Model = new() { Name = "resnet18-cifar", ImageSize = 8 },
            Regularisation = new(),
        },
        ["convolutions"] = recipe => recipe with { Model = new() { Name = "cct_2_3x2", ImageSize = 8 } },
        ["a window that opens"] = recipe => recipe with
        {
            Model = recipe.Model with { Attention = "softmax:lai=grid,soft=1,fade=2", ImageSize = 16 }
        },
        ["a window whose buckets go"] = recipe => recipe with
        {
            Model = recipe.Model with { Attention = "disentangled:soft=1,fade=1,span=2", ImageSize = 16 }
        },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Gradients_and_losses_have_the_bits_of_the_tape(string kind)
    {
        Recipe recipe = Kinds[kind](TinyRun.Recipe);
        TrainingParts eager = Parts(recipe), compiled = Parts(Compiled(recipe));
        BatchGradients ofTape = new(eager), ofNotes = new(compiled);
        int step = 0;
        for (int epoch = 0; epoch < 2; epoch++)
            foreach ((Batch first, Batch second) in eager.TrainLoader.Epoch(epoch)
                .Zip(compiled.TrainLoader.Epoch(epoch)).SelectMany(pair => Enumerable.Repeat(pair, 4)))
            {
                foreach (TrainingParts parts in (TrainingParts[])[eager, compiled])
                {
                    parts.Learner.Train();
                    parts.Learner.Context = parts.Learner.Context with { Epoch = epoch };
                }

                using BatchResult expected = ofTape.Add(first, step), actual = ofNotes.Add(second, step);
                step++;
                Assert.Equal(expected.Read(), actual.Read());
                Assert.Equal(Changed(eager), Changed(compiled));
                eager.Optimizer.Step();
                compiled.Optimizer.Step();
                eager.Optimizer.ZeroGradient();
                compiled.Optimizer.ZeroGradient();
            }

        Assert.Null(ofNotes.Refusal);
        Assert.Equal(0, ofTape.CompiledParts);
        Assert.InRange(ofNotes.CompiledParts, step / 2, step * recipe.Optimisation.GradientAccumulation);
    }

    [Fact]
    public void A_run_ends_with_the_same_bits()
    {
        RunDirectory eager = TinyRun.Start(TinyRun.Recipe, _folder["eager"]),
            compiled = TinyRun.Start(Compiled(TinyRun.Recipe), _folder["compiled"]);
        Assert.Equal(SavedTensors.Of(eager.LastCheckpoint), SavedTensors.Of(compiled.LastCheckpoint));
        Assert.Equal(RunRecord.ReadSummary(eager)!.TestLoss, RunRecord.ReadSummary(compiled)!.TestLoss);
    }

    [Theory]
    [InlineData("performer:features=8,redraw=2", 1, "reads values")]
    [InlineData("softmax", 2, "shards")]
    public void What_is_not_compiled_is_said_and_computed_as_always(string attention, int shards, string reason)
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Model = TinyRun.Recipe.Model with { Attention = attention },
            Optimisation = TinyRun.Recipe.Optimisation with { Shards = shards },
        };
        SilentObserver observer = new();
        RunDirectory eager = TinyRun.Start(recipe, _folder["eager"]),
            compiled = TinyRun.Start(Compiled(recipe), _folder["compiled"], observer);
        Assert.Single(observer.Warnings, warning => warning.Contains("`compiled`", StringComparison.Ordinal)
            && warning.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(SavedTensors.Of(eager.LastCheckpoint), SavedTensors.Of(compiled.LastCheckpoint));
    }

    private static Recipe Compiled(Recipe recipe) => recipe with { Run = recipe.Run with { Compiled = true } };

    private static TrainingParts Parts(Recipe recipe) =>
        TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);

    private static float[] Changed(TrainingParts parts) =>
        [.. parts.Learner.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient?.ToArray() ?? []),
            .. parts.Learner.NamedBuffers().SelectMany(entry => entry.Buffer.Value.ToArray())];
}
