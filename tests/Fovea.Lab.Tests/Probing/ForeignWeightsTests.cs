using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Lab.Tests.Probing;

/// <summary>Fine-tuning and probing start from files that hold weights and nothing else.</summary>
public sealed class ForeignWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_model_is_the_one_whose_weights_they_are()
    {
        string file = Exported();
        Assert.Equal("vit-nano", FineTuning.Start(Recipe.Default with { Model = new() { Weights = file } }).Model.Name);
        Assert.Equal("vit-nano", FrozenModel.Load(file, null, Device.Cpu).Recipe.Model.Name);
    }

    /// <summary>Attention has no shape of its own: the file says which one it was.</summary>
    [Fact]
    public void Weights_that_say_their_model_start_as_it()
    {
        Recipe linear = TinyRun.Recipe with
        {
            Model = TinyRun.Recipe.Model with { Attention = AttentionList.Parse("linear") },
        };
        string file = _folder["own.safetensors"];
        using (WeightFile weights = ModelWeights.Open(TinyRun.Start(linear, _folder["run"]).Path))
            ModelWeights.Export(file, weights);
        Assert.Equal("linear", $"{FrozenModel.Load(file, null, Device.Cpu).Recipe.Model.Attention}");
        ModelSection start = FineTuning.Start(Recipe.Default with { Model = new() { Weights = file } }).Model;
        Assert.Equal(("vit-nano", "linear", file), (start.Name, $"{start.Attention}", start.Weights));
    }

    /// <summary>Features of such weights would be compared, and a training begun that blames its own rate.</summary>
    [Fact]
    public void Weights_that_are_not_finite_are_refused_with_the_tensor()
    {
        string file = Exported(), broken = _folder["broken.safetensors"];
        using (WeightFile weights = ModelWeights.Open(file))
        {
            StateDict all = StateDict.Of(weights);
            ModelWeights.Export(broken, all with
            {
                Weights = [.. all.Weights.Select(weight => weight.Name != "blocks.1.norm1.weight" ? weight
                    : weight with { Values = (_, values) => values.Fill(float.NaN) })],
            });
        }

        string start = $"{broken}: 'blocks.1.norm1.weight' has numbers that are not finite";
        Assert.StartsWith(start, Assert.Throws<CheckpointException>(() =>
            FrozenModel.Load(broken, null, Device.Cpu)).Message, StringComparison.Ordinal);
        Recipe recipe = TinyRun.Recipe;
        Assert.StartsWith(start, Assert.Throws<CheckpointException>(() =>
            TinyRun.Start(recipe with { Model = recipe.Model with { Weights = broken } }, _folder["next"])).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Windows open with epochs, and no tensor tells how far they have.</summary>
    [Fact]
    public void Windows_are_those_of_the_epoch_in_which_the_weights_were_trained()
    {
        Recipe windowed = TinyRun.Recipe with
        {
            Model = TinyRun.Recipe.Model with { Attention = AttentionList.Parse("softmax:window=0,until=2") },
        };
        RunDirectory run = TinyRun.Start(windowed, _folder["run"]);
        string file = _folder["own.safetensors"];
        using (WeightFile weights = ModelWeights.Open(run.LastCheckpoint)) ModelWeights.Export(file, weights);
        TrainedModel trained = TrainedModel.Load(run.LastCheckpoint, Device.Cpu);
        Assert.Null(AttentionWindows.Of(trained.Model).First().Window);
        float[] images = [.. Enumerable.Range(0, 2 * 3 * 8 * 8).Select(i => MathF.Sin(i))];
        Assert.Equal(trained.Scores(images, 2), TrainedModel.Load(file, Device.Cpu).Scores(images, 2));
        Assert.Equal(
            FrozenModel.Load(run.LastCheckpoint, null, Device.Cpu).Extract(TinyRun.Images.Test, 4, Stop).Values,
            FrozenModel.Load(file, null, Device.Cpu).Extract(TinyRun.Images.Test, 4, Stop).Values);

        // training goes on where the weights stand, and says so
        foreach (string source in (string[])[file, run.LastCheckpoint])
        {
            Recipe start = FineTuning.Start(Recipe.Default with { Model = new() { Weights = source } });
            Assert.Equal(2, start.Model.AttentionEpoch);
            Recipe next = TinyRun.Recipe with { Model = windowed.Model with { Weights = source } };
            Assert.Equal(2, TrainingSetup.New(next, TinyRun.Images, stop: Stop).Recipe.Model.AttentionEpoch);
            AttentionList other = AttentionList.Parse("softmax:window=1,until=2");
            next = next with { Model = next.Model with { Attention = other } };
            Assert.Null(TrainingSetup.New(next, TinyRun.Images, stop: Stop).Recipe.Model.AttentionEpoch);
        }

        RunDirectory frozen = TinyRun.Start(windowed with
        {
            Model = windowed.Model with { Weights = file, AttentionEpoch = 1 },
            Optimisation = windowed.Optimisation with { Freeze = null },
        }, _folder["frozen"]);
        Assert.Equal(0, AttentionWindows.Of(TrainedModel.Load(frozen.LastCheckpoint, Device.Cpu).Model).First().Window);
    }

    /// <summary>Images of another size get the positions that were trained with, resampled: never new ones.</summary>
    [Fact]
    public void Fixed_positions_stay_those_of_the_training()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);   // vit-nano, 2 x 2 patches
        string file = _folder["own.safetensors"];
        using (WeightFile weights = ModelWeights.Open(run.LastCheckpoint)) ModelWeights.Export(file, weights);
        foreach (string source in (string[])[file, run.LastCheckpoint])
        {
            Assert.Equal(2, FrozenModel.Load(source, null, Device.Cpu, imageSize: 16).Recipe.Model.PositionGrid);
            Recipe larger = TinyRun.Recipe with
            {
                Model = TinyRun.Recipe.Model with { Weights = source, ImageSize = 16 },
            };
            Assert.Equal(2, TrainingSetup.New(larger, TinyRun.Images, stop: Stop).Recipe.Model.PositionGrid);
            Recipe start = FineTuning.Start(Recipe.Default with { Model = new() { Weights = source } });
            Assert.Equal(2, start.Model.PositionGrid);
        }

        Assert.Equal(2, TrainedModel.Load(run.LastCheckpoint, Device.Cpu).Head.Recipe.Model.PositionGrid);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Exported()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        using WeightFile weights = ModelWeights.Open(run.Path);
        ModelWeights.Export(_folder["model.safetensors"], StateDict.Of(weights));
        return _folder["model.safetensors"];
    }
}
