using Fovea.Training;

namespace Fovea.Lab.Reports;

/// <summary>Writes a run's report and figures when the run ends or is interrupted; see <see cref="RunFigures.Write"/>.</summary>
public sealed class ReportObserver : IRunObserver
{
    /// <inheritdoc/>
    public void Ended(RunOutcome outcome) => RunFigures.Write(outcome.Directory, RunReport.Of(outcome));
}
