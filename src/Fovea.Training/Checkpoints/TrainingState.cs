using Fovea.Data.Datasets.Splits;

namespace Fovea.Training.Checkpoints;

/// <summary>Position of a run, next to its weights. Everything random is a function of the seed and these
/// positions.</summary>
public sealed class TrainingState
{
    /// <summary>Epochs completed, evaluation included.</summary>
    public int Epoch { get; set; }

    /// <summary>The epoch, from 0, whose training the weights are of: the running one once it has begun, or else the
    /// last. What of a model changes with epochs was so when they were made.</summary>
    internal int EpochOfWeights => Math.Max(0, Batch > 0 ? Epoch : Epoch - 1);

    /// <summary>Batches done in the running epoch.</summary>
    public int Batch { get; set; }

    /// <summary>Steps done since the start of the run.</summary>
    public int Step { get; set; }

    /// <summary>The training images; null in checkpoints of versions that did not keep it.</summary>
    public PartListing? TrainListing { get; set; }

    /// <summary>The validation images, which the best weights are chosen by; null in checkpoints of versions that did
    /// not keep it.</summary>
    public PartListing? ValidationListing { get; set; }

    /// <summary>Sums since the last logged step.</summary>
    public MetricSums SinceLog { get; set; } = new();

    /// <summary>Sums of the running epoch.</summary>
    public MetricSums ThisEpoch { get; set; } = new();

    /// <summary>Images trained on, and the seconds it took, since the start of the run.</summary>
    public MetricSums Total { get; set; } = new();

    /// <summary>Best share of validation images classified correctly.</summary>
    public double? BestAccuracy { get; set; }

    /// <summary>Epoch in which that was, from 1.</summary>
    public int? BestEpoch { get; set; }

    /// <summary>Seconds since the start of the run, without breaks.</summary>
    public double Seconds { get; set; }

    /// <summary>Seconds of processor time, all threads together; null in checkpoints of versions that did not keep it,
    /// and where several ranks train.</summary>
    public double? ProcessorSeconds { get; set; }
}
