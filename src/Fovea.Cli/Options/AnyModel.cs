using Fovea.Data;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Cli.Options;

/// <summary>Models of paths that may be runs, checkpoints or files of weights.</summary>
internal static class AnyModel
{
    /// <summary>Loads a run, a checkpoint or what was exported of one as it was trained; another file of weights by its
    /// own class names, or numbers.</summary>
    /// <param name="path">The path.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="preset">Preset of a file of weights, a run knows its own; null: the one whose weights they
    /// are.</param>
    /// <param name="view">Changes how images are looked at.</param>
    public static TrainedModel Load(string path, Device device, string? preset, Func<Recipe, Recipe> view)
    {
        string name;
        using (WeightFile file = OpenHead(path))
        {
            if (ModelWeights.IsCheckpoint(file) || (preset is null && ModelWeights.NamesModel(file)))
                return TrainedModel.Load(path, device, view);
            name = preset ?? ModelWeights.PresetOf(file);
        }

        Recipe recipe = PretrainedWeights.Resolve(view(Recipe.Default with
        {
            Model = new ModelSection { Name = name, Weights = PretrainedWeights.Listed(path)?.Name },
        }));
        return TrainedModel.FromWeights(path, recipe, InfoOf(path, Presets.Find(name).Config), device);
    }

    /// <summary>Classes of a file of weights: its own names, or as many numbers as its head has rows.</summary>
    public static DatasetInfo InfoOf(string path, ModelConfig preset)
    {
        using WeightFile file = OpenHead(path);
        return ModelWeights.DataOf(file, preset);
    }

    /// <summary>True for a run or a checkpoint, whose model is known.</summary>
    /// <param name="path">The path.</param>
    /// <param name="asked">A preset; null: none is named.</param>
    /// <exception cref="UsageException">A preset is named, and it is another.</exception>
    public static bool IsRun(string path, string? asked)
    {
        using WeightFile file = OpenHead(path);
        if (!ModelWeights.IsCheckpoint(file)) return false;
        string own = CheckpointReader.HeadOf(file).Recipe.Model.Name;
        if (asked is not null && Presets.Find(asked).Name != Presets.Find(own).Name)
            throw new UsageException($"'{path}' was trained as '{own}', not as '{asked}'; leave the name out.")
            {
                Field = "model",
            };
        return true;
    }

    /// <summary>Says on loading weights of others that something had to be resized for it: positions, or
    /// colours.</summary>
    public static TrainedModel Told(TrainedModel model, TextWriter notes)
    {
        if (model.Loaded is { Resized.Count: > 0 } report) notes.WriteLine($"fovea: note: {report}");
        return model;
    }

    /// <summary>For what a file says of itself; loading verifies the rest of it.</summary>
    private static WeightFile OpenHead(string path) => WeightFiles.Open(ModelWeights.FileOf(path));
}
