using Fovea.Training.Observers;

namespace Fovea.Lab.Reports;

/// <summary>Writes a run's report and figures when the run is complete or interrupted; see
/// <see cref="RunFigures.Write"/>.</summary>
public sealed class ReportObserver : IRunObserver
{
    /// <inheritdoc/>
    public void Ended(RunOutcome outcome) => RunFigures.Write(outcome.Plan.Directory, RunReport.Of(outcome));
}
