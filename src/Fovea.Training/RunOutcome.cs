using Fovea.Training.Evaluation;
using Fovea.Training.Runs;

namespace Fovea.Training;

/// <summary>What a run has come to when it is complete, or when it stops to go on later.</summary>
/// <param name="Directory">The run directory.</param>
/// <param name="Parts">What it was trained with.</param>
/// <param name="Events">What went into <c>metrics.jsonl</c>, in order.</param>
public sealed record RunOutcome(string Directory, TrainingParts Parts, IReadOnlyList<RunEvent> Events)
{
    /// <summary>The final figures; null where the run is not complete.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>The evaluation on the test set; null where the run is not complete.</summary>
    public EvaluationResult? Test { get; init; }
}
