using Fovea.Data;
using Fovea.Training.Recipes;

namespace Fovea.Training.Checkpoints;

/// <summary>What a checkpoint says besides tensors.</summary>
/// <param name="Recipe">The resolved recipe: which model to build.</param>
/// <param name="Data">Classes, channels and normalisation of the dataset.</param>
/// <param name="State">Where the run stood.</param>
public sealed record CheckpointHead(Recipe Recipe, DatasetInfo Data, TrainingState State);
