using Fovea.Nn;
using Fovea.Training.Runs;

namespace Fovea.Training.Observers;

/// <summary>Listens to a run, on the thread that trains. Displays, reports and trackers are observers.</summary>
public interface IRunObserver
{
    /// <summary>Images were put into a cache, before the run starts.</summary>
    /// <param name="done">Images in the cache so far.</param>
    /// <param name="total">Images that it will hold.</param>
    void Cached(int done, int total)
    {
    }

    /// <summary>The first step is next.</summary>
    void Started(RunPlan plan)
    {
    }

    /// <summary>Something is likely to go wrong (told after <see cref="Started"/>), or did without ending the
    /// run.</summary>
    /// <param name="message">A sentence.</param>
    void Warned(string message)
    {
    }

    /// <summary>A backward pass is done, its update is next: the model's parameters hold their gradients.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="endsEpoch">True for the last step of an epoch.</param>
    /// <param name="model">The model that learns.</param>
    void Differentiated(long step, bool endsEpoch, Module model)
    {
    }

    /// <summary>A step is done.</summary>
    void Progressed(in StepProgress progress)
    {
    }

    /// <summary>An event was added to <c>metrics.jsonl</c>.</summary>
    void Logged(RunEvent entry)
    {
    }

    /// <summary>The run is complete, or was interrupted; its own files are written. Not told where the run
    /// failed.</summary>
    void Ended(RunOutcome outcome)
    {
    }
}
