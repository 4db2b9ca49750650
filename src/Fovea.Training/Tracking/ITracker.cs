using Fovea.Training.Observers;
using Fovea.Training.Runs;

namespace Fovea.Training.Tracking;

/// <summary>Records a run in the format of a tool that shows runs. The caller catches failures: a run goes on without
/// its tracker.</summary>
internal interface ITracker : IDisposable
{
    /// <summary>Begins, before the first step, also of a resumed run.</summary>
    void Started(RunPlan plan);

    /// <summary>Adds an event of <c>metrics.jsonl</c>.</summary>
    void Logged(RunEvent entry);

    /// <summary>Distributions of weights and gradients.</summary>
    /// <param name="step">The step that they belong to, from 1.</param>
    /// <param name="histograms">Histograms by name, e.g. <c>weights/blocks.0.attn.qkv.weight</c>.</param>
    void Logged(long step, IReadOnlyList<(string Name, Histogram Histogram)> histograms);

    /// <summary>Adds the results of a complete run.</summary>
    /// <param name="summary">Its final figures.</param>
    /// <param name="directory">The run directory, with <c>figures/</c>.</param>
    void Finished(RunSummary summary, string directory);

    /// <summary>Ends the record; nothing follows.</summary>
    /// <param name="exitCode">0: complete; 130: interrupted; 1: failed.</param>
    void Ended(int exitCode);
}
