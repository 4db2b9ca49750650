using Fovea.Nn;
using Fovea.Training.Runs;

namespace Fovea.Training;

/// <summary>Is told what happens in a run, on the thread that trains.</summary>
public interface IRunObserver
{
    /// <summary>While images are put into a cache, before the run starts: how many, and of how many.</summary>
    void Cached(int done, int total)
    {
    }

    /// <summary>Before the first step.</summary>
    void Started(RunPlan plan)
    {
    }

    /// <summary>Something is likely to go wrong (told after <see cref="Started"/>), or did without ending the run: a sentence.</summary>
    void Warned(string message)
    {
    }

    /// <summary>Between a step's backward pass and its update: the model's parameters hold their gradients.</summary>
    /// <param name="step">The step, from 1.</param>
    /// <param name="endsEpoch">It is the epoch's last.</param>
    /// <param name="model">The model that learns.</param>
    void Differentiated(long step, bool endsEpoch, Module model)
    {
    }

    /// <summary>After each step.</summary>
    void Progressed(in StepProgress progress)
    {
    }

    /// <summary>What also went into <c>metrics.jsonl</c>.</summary>
    void Logged(RunEvent entry)
    {
    }

    /// <summary>The run is complete, or stops here to go on later. What it leaves in its directory is written now.</summary>
    void Ended(RunOutcome outcome)
    {
    }

    /// <summary>The run is complete, and all observers have been told of its end.</summary>
    void Finished(RunSummary summary, string directory)
    {
    }
}
