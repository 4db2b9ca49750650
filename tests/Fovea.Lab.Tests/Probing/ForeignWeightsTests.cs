using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
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

    private string Exported()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        using WeightFile weights = ModelWeights.Open(run.Path);
        ModelWeights.Export(_folder["model.safetensors"], StateDict.Of(weights));
        return _folder["model.safetensors"];
    }
}
