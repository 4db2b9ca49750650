using Fovea.Training.Recipes;
using Fovea.Vision.Weights.Loading;

namespace Fovea.Training.Observers;

/// <summary>Plan of a run, known before its first step.</summary>
public sealed record RunPlan
{
    /// <summary>The resolved recipe.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>The recipe with what this machine uses where it is left open; null: not known.</summary>
    public Recipe? Used { get; init; }

    /// <summary>Values that training can change.</summary>
    public required long Parameters { get; init; }

    /// <summary>Report on the weights that training starts from; null where they were drawn.</summary>
    public LoadReport? Weights { get; init; }

    /// <summary>Training, validation and test images.</summary>
    public required (int Train, int Validation, int Test) Images { get; init; }

    /// <summary>Names of the classes, in the order of their numbers.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Notes on what of the dataset was left out or taken in another way than one may expect, a sentence
    /// each.</summary>
    public IReadOnlyList<string> DatasetNotes { get; init; } = [];

    /// <summary>Fields of the recipe that were set and change nothing, a sentence each.</summary>
    public IReadOnlyList<string> Idle { get; init; } = [];

    /// <summary>Origin of the validation images.</summary>
    public required string ValidationOrigin { get; init; }

    /// <summary>Steps of an epoch.</summary>
    public required int StepsPerEpoch { get; init; }

    /// <summary>Steps done before, by an interrupted run; 0 for a new one.</summary>
    public required int StepsDone { get; init; }

    /// <summary>The ranks, e.g. <c>4 ranks of Open MPI 4.1.4</c>; null: one process.</summary>
    public string? Ranks { get; init; }

    /// <summary>The run directory.</summary>
    public required string Directory { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public int Steps => Recipe.Optimisation.Epochs * StepsPerEpoch;
}
