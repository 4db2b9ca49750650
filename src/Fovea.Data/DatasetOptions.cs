namespace Fovea.Data;

/// <summary>How to load a dataset.</summary>
public sealed record DatasetOptions
{
    /// <summary>Decides what is held out, what limits keep, and how shapes are drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>Share of the training set to hold out where no validation set is published: 0 to below 1; usually 0.1.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Training pictures to keep, balanced over the classes; null keeps all.</summary>
    public int? TrainLimit { get; init; }

    /// <summary>Validation and test pictures to keep, each, balanced over the classes; null keeps all.</summary>
    public int? EvaluationLimit { get; init; }

    /// <summary>Complains about values that make no sense.</summary>
    /// <exception cref="UsageException">Names the value and its range.</exception>
    public void Validate()
    {
        if (ValidationShare is not (>= 0 and < 1))
            throw new UsageException($"validation share: must be from 0 to below 1, not {ValidationShare}.");
        if (TrainLimit < 1) throw new UsageException($"train limit: must be 1 or more, not {TrainLimit}.");
        if (EvaluationLimit < 1) throw new UsageException($"eval limit: must be 1 or more, not {EvaluationLimit}.");
    }
}
