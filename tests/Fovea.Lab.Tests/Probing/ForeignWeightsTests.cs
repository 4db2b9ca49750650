using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
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

    private string Exported()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        using WeightFile weights = ModelWeights.Open(run.Path);
        ModelWeights.Export(_folder["model.safetensors"], StateDict.Of(weights));
        return _folder["model.safetensors"];
    }
}
