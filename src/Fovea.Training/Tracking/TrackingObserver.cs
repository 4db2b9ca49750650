using System.Diagnostics;
using System.Diagnostics.Metrics;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Training.Tracking;

/// <summary>
/// Hands the events of a run to its trackers. A tracker that fails is left out from then on: a full disk must not end a
/// training.
/// </summary>
/// <remarks>The counter <c>tracking</c> of the meter <c>Fovea.Training</c> has the seconds that trackers
/// take.</remarks>
internal sealed class TrackingObserver : IRunObserver, IDisposable
{
    private static readonly Counter<double> Spent = new Meter("Fovea.Training")
        .CreateCounter<double>("tracking", "s", "Time that a run's trackers took");

    private readonly Action<string> _warn;
    private readonly int? _histogramEvery;
    private readonly List<ITracker> _trackers = [];
    private float[] _values = [];
    private int _exitCode = 1;

    /// <param name="recipe">The trackers, and the steps between histograms.</param>
    /// <param name="directory">The run directory.</param>
    /// <param name="warn">Gets a sentence for each tracker that fails.</param>
    public TrackingObserver(RunSection recipe, string directory, Action<string> warn)
    {
        _warn = warn;
        bool areTaken = (recipe.Track & (Trackers.TensorBoard | Trackers.Wandb)) != Trackers.None;
        _histogramEvery = areTaken ? recipe.HistogramEvery : 0;
        long start = Stopwatch.GetTimestamp();
        Func<string, string?> environment = Environment.GetEnvironmentVariable;
        if (recipe.Track.HasFlag(Trackers.TensorBoard))
            Survives(() => _trackers.Add(new TensorBoardTracker(directory)));
        if (recipe.Track.HasFlag(Trackers.Wandb) && WandbTracker.IsAllowed(environment))
            Survives(() => _trackers.Add(new WandbTracker(directory, environment, DateTime.Now)));
        if (recipe.Track.HasFlag(Trackers.Mlflow))
            Survives(() => _trackers.Add(new MlflowTracker(directory, environment)));
        if (recipe.Track.HasFlag(Trackers.Trackio))
            Survives(() => _trackers.Add(new TrackioTracker(directory)));
        Count(start);
    }

    /// <inheritdoc/>
    public void Started(RunPlan plan) => Tell(tracker => tracker.Started(plan));

    /// <inheritdoc/>
    public void Differentiated(long step, bool endsEpoch, Module model)
    {
        bool due = _histogramEvery is int every ? every > 0 && step % every == 0 : endsEpoch;
        if (!due || _trackers.Count == 0) return;
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<(string, Histogram)> histograms = [.. Histograms(model)];
        Count(start);
        Tell(tracker => tracker.Logged(step, histograms));
    }

    /// <inheritdoc/>
    public void Logged(RunEvent entry) => Tell(tracker => tracker.Logged(entry));

    /// <inheritdoc/>
    public void Ended(RunOutcome outcome)
    {
        _exitCode = outcome.Summary is null ? 130 : 0;
        if (outcome.Summary is RunSummary summary) Tell(tracker => tracker.Finished(summary, outcome.Plan.Directory));
    }

    /// <summary>Closes the trackers; a run that did not end has failed.</summary>
    public void Dispose()
    {
        Tell(tracker => tracker.Ended(_exitCode));
        foreach (ITracker tracker in _trackers) Release(tracker);
        _trackers.Clear();
    }

    private IEnumerable<(string Name, Histogram Histogram)> Histograms(Module model)
    {
        foreach ((string name, Parameter parameter) in model.NamedParameters())
        {
            yield return ($"weights/{name}", HistogramOf(parameter.Value));
            if (parameter.Value.Gradient is { } gradient) yield return ($"gradients/{name}", HistogramOf(gradient));
        }
    }

    private Histogram HistogramOf(Tensor tensor)
    {
        if (_values.Length < tensor.Shape.Elements) _values = new float[tensor.Shape.Elements];
        Span<float> values = _values.AsSpan(0, tensor.Shape.Elements);
        tensor.CopyTo(values);
        return Histogram.Of(values);
    }

    private static void Count(long start) => Spent.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);

    private void Tell(Action<ITracker> tell)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (ITracker tracker in _trackers.ToArray())
        {
            if (Survives(() => tell(tracker))) continue;
            _trackers.Remove(tracker);
            Release(tracker);
        }

        Count(start);
    }

    private static void Release(ITracker tracker)
    {
        try
        {
            tracker.Dispose();
        }
        catch (Exception error) when (IsOutside(error))
        {
            // What it still held in memory cannot be written either.
        }
    }

    private bool Survives(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception error) when (IsOutside(error))
        {
            _warn($"`track`: the run goes on without one of its trackers: {error.Message}");
            return false;
        }
    }

    /// <summary>Whatever it is: a run is worth more than its record elsewhere.</summary>
    private static bool IsOutside(Exception error) => error is not (OutOfMemoryException or OperationCanceledException);
}
