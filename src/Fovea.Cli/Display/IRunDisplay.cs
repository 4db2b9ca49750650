using Fovea.Training.Observers;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>Shows a run while it goes on.</summary>
internal interface IRunDisplay : IRunObserver
{
    /// <summary>Shows the run that <paramref name="run"/> carries out.</summary>
    void Show(Func<RunSummary> run);
}
