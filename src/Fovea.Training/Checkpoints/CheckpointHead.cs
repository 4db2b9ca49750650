using Fovea.Data;
using Fovea.Training.Recipes;

namespace Fovea.Training.Checkpoints;

/// <summary>Metadata of a checkpoint.</summary>
/// <param name="Recipe">The resolved recipe: which model to build.</param>
/// <param name="Data">Classes, channels and normalisation of the dataset.</param>
/// <param name="State">Position of the run.</param>
public sealed record CheckpointHead(Recipe Recipe, DatasetInfo Data, TrainingState State)
{
    /// <summary>Epoch of attention's windows in which the weights were trained.</summary>
    internal int WindowEpoch => Recipe.WindowEpoch(State.EpochOfWeights);
}
