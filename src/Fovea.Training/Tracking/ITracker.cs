using Fovea.Training.Observers;
using Fovea.Training.Runs;

namespace Fovea.Training.Tracking;

/// <summary>Writes down what happens in a run, in the format of a tool that shows runs. Failures are the caller's to catch: a run goes on without its tracker.</summary>
internal interface ITracker : IDisposable
{
    /// <summary>Before the first step, also of a resumed run.</summary>
    void Started(RunPlan plan);

    /// <summary>What also went into <c>metrics.jsonl</c>.</summary>
    void Logged(RunEvent entry);

    /// <summary>Distributions of weights and gradients.</summary>
    /// <param name="step">The step that they belong to, from 1.</param>
    /// <param name="histograms">By name, e.g. <c>weights/blocks.0.attn.qkv.weight</c>.</param>
    void Logged(long step, IReadOnlyList<(string Name, Histogram Histogram)> histograms);

    /// <summary>The run is complete.</summary>
    /// <param name="summary">Its final figures.</param>
    /// <param name="directory">The run directory, with <c>figures/</c>.</param>
    void Finished(RunSummary summary, string directory);

    /// <summary>Nothing follows.</summary>
    /// <param name="exitCode">0: complete; 130: interrupted; 1: failed.</param>
    void Ended(int exitCode);
}
