using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Training.Observers;
using Fovea.Training.Runs;

namespace Fovea.Training.Tracking;

/// <summary>
/// Trackio: <c>trackio.csv</c> of the run directory, a table with a column <c>step</c> and one per measurement, as
/// <c>trackio.import_csv</c> takes it. Names are short, because it keeps ten letters of each. The file is written anew
/// after each epoch, with the steps of earlier parts of a resumed run.
/// </summary>
internal sealed class TrackioTracker(string directory) : ITracker
{
    private readonly List<RunEvent> _events = [];

    /// <summary>Begins with what the log of the run has, which is cut back to the checkpoint.</summary>
    public void Started(RunPlan plan) => _events.AddRange(RunLog.ReadEvents(new RunDirectory(directory)));

    public void Logged(RunEvent entry)
    {
        _events.Add(entry);
        if (entry.Event != "step") Write();
    }

    /// <summary>Tables have no distributions.</summary>
    public void Logged(long step, IReadOnlyList<(string Name, Histogram Histogram)> histograms)
    {
    }

    public void Finished(RunSummary summary, string directory)
    {
    }

    public void Ended(int exitCode) => Write();

    public void Dispose()
    {
    }

    private void Write()
    {
        (long Step, Dictionary<string, double> Values)[] rows = [.. _events.GroupBy(entry => entry.Step)
            .OrderBy(group => group.Key).Select(group => (group.Key, ValuesOf(group)))];
        string[] names = [.. rows.SelectMany(row => row.Values.Keys).Distinct(StringComparer.Ordinal)];
        StringBuilder text = new();
        text.AppendJoin(',', names.Prepend("step")).Append('\n');
        foreach ((long step, Dictionary<string, double> values) in rows)
            text.AppendJoin(',', names.Select(name => values.TryGetValue(name, out double value) ? Number(value) : "")
                .Prepend(step.ToString(CultureInfo.InvariantCulture))).Append('\n');
        AtomicFile.WriteText(Path.Combine(directory, "trackio.csv"), text.ToString());
    }

    /// <summary>All that belongs to a step is one row.</summary>
    private static Dictionary<string, double> ValuesOf(IEnumerable<RunEvent> events)
    {
        Dictionary<string, double> values = new(StringComparer.Ordinal);
        foreach (RunEvent entry in events)
            foreach ((string name, double value) in Measurements.Of(entry)) values[Short(name)] = value;
        return values;
    }

    /// <summary>Empty where a value is not finite: it counts as none.</summary>
    private static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Short(string name) => name switch
    {
        "optimisation/lr" => "lr",
        "optimisation/gradient_norm" => "gradient",
        "speed/images_per_second" => "images/s",
        _ => name.Replace("epoch/train_", "epoch/", StringComparison.Ordinal)
            .Replace("accuracy", "acc", StringComparison.Ordinal),
    };
}
