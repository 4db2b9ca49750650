using Fovea.Core.Collectives;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Objectives;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Weights.Loading;

namespace Fovea.Training;

/// <summary>Parts that a <see cref="Trainer"/> works with.</summary>
public sealed record TrainingParts
{
    /// <summary>The resolved recipe.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>Device of the model.</summary>
    public required Device Device { get; init; }

    /// <summary>An initialised model.</summary>
    public required ImageClassifier Model { get; init; }

    /// <summary>Changes the model's parameters.</summary>
    public required Optimizer Optimizer { get; init; }

    /// <summary>Factor of the learning rate at each step.</summary>
    public required Schedule Schedule { get; init; }

    /// <summary>Moving average that is evaluated instead of the weights, or null.</summary>
    public required WeightAverage? Average { get; init; }

    /// <summary>Loss that is learned in place of that of classes or besides it; null: classes alone.</summary>
    internal Objective? Objective { get; init; }

    /// <summary>Everything that is learned: the model, and what an objective learns beside it.</summary>
    internal Module Learner => Objective?.Learner ?? Model;

    /// <summary>A model to learn from, or null.</summary>
    public Teacher? Teacher { get; init; }

    /// <summary>Known problems of such a recipe, a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Notes on this beginning or going on, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Shards of a batch, and the ranks that compute them.</summary>
    public BatchShards Shards { get; init; } = BatchShards.Single;

    /// <summary>Threads that compute; null: all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>The images.</summary>
    public required DatasetSplits Data { get; init; }

    /// <summary>Description of the images, with the mean and deviation that they are normalised with.</summary>
    /// <remarks>Of sets of classes only that there are any: they belong to the images.</remarks>
    public DatasetInfo Info => LoaderChoice.Normalized(
        Data.Info with { LabelSets = Data.Info.IsMultiLabel ? [] : null }, Recipe.Data);

    /// <summary>Training batches.</summary>
    public required DataLoader TrainLoader { get; init; }

    /// <summary>Validation batches.</summary>
    public required DataLoader ValidationLoader { get; init; }

    /// <summary>Test batches.</summary>
    public required DataLoader TestLoader { get; init; }

    /// <summary>Some of the training images as the test images are prepared, to be measured at the end; null: none.
    /// </summary>
    public DataLoader? TrainingSampleLoader { get; init; }

    /// <summary>Report on the weights that training starts from; null where they were drawn.</summary>
    public LoadReport? Weights { get; init; }

    /// <summary>Position of the run.</summary>
    public TrainingState State { get; init; } = new();
}
