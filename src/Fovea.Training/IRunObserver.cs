using Fovea.Training.Runs;

namespace Fovea.Training;

/// <summary>Is told what happens in a run, on the thread that trains.</summary>
public interface IRunObserver
{
    /// <summary>While pictures are put into a cache, before the run starts: how many, and of how many.</summary>
    void Cached(int done, int total)
    {
    }

    /// <summary>Before the first step.</summary>
    void Started(RunPlan plan);

    /// <summary>After each step.</summary>
    void Progressed(in StepProgress progress);

    /// <summary>What also went into <c>metrics.jsonl</c>.</summary>
    void Logged(RunEvent entry);

    /// <summary>The run is complete.</summary>
    void Finished(RunSummary summary, string directory);
}
