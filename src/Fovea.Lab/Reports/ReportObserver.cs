using Fovea.Training.Observers;

namespace Fovea.Lab.Reports;

/// <summary>Writes a run's report and figures when the run is complete or interrupted; see
/// <see cref="RunFigures.Write"/>.</summary>
/// <param name="commandLine">The command that started the run; empty where there was none.</param>
/// <param name="idle">Sentences about what of it changes nothing, beside those of the plan.</param>
public sealed class ReportObserver(string commandLine = "", IReadOnlyList<string>? idle = null) : IRunObserver
{
    private DateTimeOffset _started = DateTimeOffset.Now;

    /// <inheritdoc/>
    public void Started(RunPlan plan) => _started = DateTimeOffset.Now;

    /// <inheritdoc/>
    public void Ended(RunOutcome outcome) =>
        RunFigures.Write(outcome.Plan.Directory, RunReport.Of(outcome, commandLine, _started, idle));
}
