using Fovea.Tensors;

namespace Fovea.Training.Recipes;

/// <summary>Seed, machine and bookkeeping.</summary>
public sealed record RunSection
{
    /// <summary>Key of all random numbers; same seed, same bits. 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Device that computes: <c>cpu</c>, or another one that is registered.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Precision of products, convolutions and attention; single precision.</summary>
    public Precision Precision { get; init; } = Precision.Fp32;

    /// <summary>Threads that compute; null: all cores. Results do not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>Pinning of them to processors of their own; null: as the device does. Results do not depend on
    /// it.</summary>
    public Pinning? Pinning { get; init; }

    /// <summary>Forward and backward passes are noted once and then computed from the notes; off. Results do not depend
    /// on it.</summary>
    public bool Compiled { get; init; }

    /// <summary>Steps between logged steps; 50.</summary>
    public int LogEvery { get; init; } = 50;

    /// <summary>Steps between checkpoints inside an epoch; null: at the end of each epoch only.</summary>
    public int? CheckpointEvery { get; init; }

    /// <summary>Minutes between checkpoints inside an epoch; null: not by the clock.</summary>
    public double? CheckpointMinutes { get; init; }

    /// <summary>Checkpoints to go on from that are kept; 1: <c>last.safetensors</c> alone; more: each under its step,
    /// too.</summary>
    public int KeepCheckpoints { get; init; } = 1;

    /// <summary>Steps between comparisons of the weights of all ranks; 100.</summary>
    public int CheckRanksEvery { get; init; } = 100;

    /// <summary>Training images that the best weights are measured on at the end, without augmentation; 0: none;
    /// null: as many as there are test images.</summary>
    public int? EvaluateTraining { get; init; }

    /// <summary>File for a timeline of the first steps, in Chrome's form; null: none.</summary>
    public string? Timeline { get; init; }

    /// <summary>Tools that get a record of the run; TensorBoard.</summary>
    public Trackers Track { get; init; } = Trackers.TensorBoard;

    /// <summary>Steps between histograms of weights and gradients for those tools; 0: never; null: at the last step of
    /// each epoch.</summary>
    public int? HistogramEvery { get; init; }

    /// <summary>Run directory; null: <c>runs/</c>, then date, time, model and dataset.</summary>
    public string? Out { get; init; }
}
