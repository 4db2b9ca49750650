using Fovea.Lab.Studies;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>Shows nothing.</summary>
internal sealed class QuietStudyDisplay : IStudyDisplay
{
    public void Show(Action run) => run();

    public void Started(StudyPlan plan, int finished)
    {
    }

    public void CellStarted(StudyCell cell)
    {
    }

    public void Logged(StudyCell cell, RunEvent entry)
    {
    }

    public void CellEnded(StudyCell cell, CellOutcome outcome, RunSummary? summary)
    {
    }
}
