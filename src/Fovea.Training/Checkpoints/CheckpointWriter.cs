using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Training.Recipes;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Checkpoints;

/// <summary>
/// Writes checkpoints as safetensors: weights under their published names, the optimiser's state under
/// <c>optimizer.</c>, averaged weights under <c>ema.</c>, what is learned beside the model for training alone under
/// <c>objective.</c>, everything else as strings in the metadata. Any safetensors
/// reader can load the weights.
/// </summary>
public static class CheckpointWriter
{
    internal const string Format = "fovea checkpoint 1";
    internal const string FormatKey = "format";
    internal const string RecipeKey = "recipe";
    internal const string DataKey = "data";
    internal const string StateKey = "state";
    internal const string OptimizerKey = "optimizer";
    internal const string AverageKey = "ema";
    internal const string OptimizerPrefix = "optimizer.";
    internal const string AveragePrefix = "ema.";
    internal const string ObjectivePrefix = "objective.";

    /// <summary>All that a run goes on from: tensors that are read when they are written, and metadata of
    /// now.</summary>
    internal static (List<Weight> Tensors, Dictionary<string, string> Metadata) Contents(CheckpointHead head,
        Module module, Optimizer optimizer, WeightAverage? average)
    {
        Dictionary<string, string> metadata = Describe(head);
        metadata[OptimizerKey] = JsonText.Line(optimizer.Scalars()
            .ToDictionary(entry => entry.Name, entry => entry.Value));
        List<Weight> tensors = Weights(module);
        tensors.AddRange(optimizer.State().Select(entry => Weight.Of(OptimizerPrefix + entry.Name, entry.Value)));
        if (average is not null)
        {
            metadata[AverageKey] = JsonText.Line(average.Updates);
            tensors.AddRange(average.State().Select(entry => Weight.Of(AveragePrefix + entry.Name, entry.Value)));
        }

        return (tensors, metadata);
    }

    /// <summary>The weights that the module has now, to evaluate and to predict with.</summary>
    /// <exception cref="CheckpointException">It could not be written; the previous file is as it was.</exception>
    public static void SaveWeights(string path, CheckpointHead head, Module module)
    {
        List<Weight> tensors = Weights(module);
        Dictionary<string, string> metadata = Describe(head);
        AtomicFile.Write(path, stream => SafetensorsWriter.Write(stream, tensors, metadata));
    }

    private static List<Weight> Weights(Module module) =>
        [.. module.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))];

    private static Dictionary<string, string> Describe(CheckpointHead head) => new()
    {
        [FormatKey] = Format,
        [RecipeKey] = RecipeFile.Print(head.Recipe),
        [DataKey] = JsonText.Line(head.Data),
        [StateKey] = JsonText.Line(head.State),
    };
}
