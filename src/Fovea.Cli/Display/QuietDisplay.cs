using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>Shows nothing.</summary>
internal sealed class QuietDisplay : IRunDisplay
{
    public void Show(Func<RunSummary> run) => run();
}
