using Fovea.Training;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>Shows nothing.</summary>
internal sealed class QuietDisplay : IRunDisplay
{
    public void Show(Func<RunSummary> run) => run();

    public void Started(RunPlan plan)
    {
    }

    public void Progressed(in StepProgress progress)
    {
    }

    public void Logged(RunEvent entry)
    {
    }

    public void Finished(RunSummary summary, string directory)
    {
    }
}
