using Fovea.Data.Datasets.Splits;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Runs;

namespace Fovea.Training.Observers;

/// <summary>State and results of a run that is complete, or that stops to go on later.</summary>
/// <param name="Plan">The plan that it started with.</param>
/// <param name="Data">The images.</param>
/// <param name="State">Position and sums.</param>
/// <param name="Events">The lines of <c>metrics.jsonl</c>, in order.</param>
public sealed record RunOutcome(RunPlan Plan, DatasetSplits Data, TrainingState State, IReadOnlyList<RunEvent> Events)
{
    /// <summary>The final figures; null where the run is not complete.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>The evaluation on the test set; null where the run is not complete.</summary>
    public EvaluationResult? Test { get; init; }
}
