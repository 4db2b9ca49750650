using Fovea.Training.Observers;

namespace Fovea.Export.Tests.Support;

/// <summary>Nobody who watches a run.</summary>
internal sealed class Silent : IRunObserver
{
    public void Warned(string message)
    {
    }

    public void Started(RunPlan plan)
    {
    }

    public void Progressed(in StepProgress progress)
    {
    }
}
