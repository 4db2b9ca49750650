using Fovea.Nn;
using Fovea.Training.Runs;

namespace Fovea.Training.Observers;

/// <summary>Tells several observers, in order.</summary>
/// <param name="observers">The observers.</param>
public sealed class ObserverList(params IReadOnlyList<IRunObserver> observers) : IRunObserver
{
    /// <inheritdoc/>
    public void Cached(int done, int total)
    {
        foreach (IRunObserver observer in observers) observer.Cached(done, total);
    }

    /// <inheritdoc/>
    public void Started(RunPlan plan)
    {
        foreach (IRunObserver observer in observers) observer.Started(plan);
    }

    /// <inheritdoc/>
    public void Warned(string message)
    {
        foreach (IRunObserver observer in observers) observer.Warned(message);
    }

    /// <inheritdoc/>
    public void Differentiated(long step, bool endsEpoch, Module model)
    {
        foreach (IRunObserver observer in observers) observer.Differentiated(step, endsEpoch, model);
    }

    /// <inheritdoc/>
    public void Progressed(in StepProgress progress)
    {
        foreach (IRunObserver observer in observers) observer.Progressed(progress);
    }

    /// <inheritdoc/>
    public void Logged(RunEvent entry)
    {
        foreach (IRunObserver observer in observers) observer.Logged(entry);
    }

    /// <inheritdoc/>
    public void Ended(RunOutcome outcome)
    {
        foreach (IRunObserver observer in observers) observer.Ended(outcome);
    }
}
