using System.Globalization;
using System.Text.Json;
using Fovea.Core.Files;
using Fovea.Core.Formats;

namespace Fovea.Training.Runs;

/// <summary>The record of a run: appends to <c>metrics.jsonl</c> as things happen and keeps <c>results.csv</c> in step
/// with it.</summary>
public sealed class RunLog : IDisposable
{
    private const string Columns =
        "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,images_per_second,seconds";
    private readonly RunDirectory? _run;
    private readonly List<RunEvent> _events;
    private readonly StreamWriter? _lines;

    private RunLog(List<RunEvent> events) => _events = events;

    private RunLog(RunDirectory run, List<RunEvent> events)
    {
        _run = run;
        _events = events;
        AtomicFile.WriteText(run.Metrics, string.Concat(events.Select(entry => JsonText.Line(entry) + "\n")));
        _lines = new StreamWriter(run.Metrics, append: true) { NewLine = "\n", AutoFlush = true };
        WriteResults();
    }

    /// <summary>All events so far, in order.</summary>
    public IReadOnlyList<RunEvent> Events => _events;

    /// <summary>A log that stays in memory, of a rank that writes nothing.</summary>
    public static RunLog Unwritten() => new([]);

    /// <summary>An empty log.</summary>
    public static RunLog Begin(RunDirectory run) => new(run, []);

    /// <summary>
    /// Goes on with the log of an interrupted or finished run: what was logged after the checkpoint happens again, so
    /// it is taken out, and so is a line that was cut short.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="epochs">Epochs that the checkpoint has completed.</param>
    /// <param name="step">Steps that it has done.</param>
    public static RunLog Continue(RunDirectory run, int epochs, long step) =>
        new(run, [.. ReadEvents(run)
            .Where(entry => entry.Event == "step" ? entry.Step <= step : entry.Event == "epoch"
                && entry.Epoch <= epochs)]);

    /// <summary>Events of a run's log; lines that are not whole are passed over.</summary>
    public static IEnumerable<RunEvent> ReadEvents(RunDirectory run)
    {
        if (!File.Exists(run.Metrics)) yield break;
        if (PlainFile.Refusal(run.Metrics, "the log of a run") is string refusal)
            throw new CheckpointException(refusal);
        foreach (string line in Lines(run.Metrics))
            if (Parse(line) is { IsSound: true } entry) yield return entry;
    }

    /// <summary>The event of a line; null for the line at which the process was killed, and for what is none.</summary>
    private static RunEvent? Parse(string line)
    {
        try
        {
            return JsonText.Read<RunEvent>(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Lines(string path)
    {
        using IEnumerator<string> lines = File.ReadLines(path).GetEnumerator();
        while (true)
        {
            try
            {
                if (!lines.MoveNext()) yield break;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
            }

            yield return lines.Current;
        }
    }

    /// <summary>Adds an event.</summary>
    public void Add(RunEvent entry)
    {
        _events.Add(entry);
        _lines?.WriteLine(JsonText.Line(entry));
        if (entry.Event == "epoch") WriteResults();
    }

    /// <inheritdoc/>
    public void Dispose() => _lines?.Dispose();

    private void WriteResults()
    {
        if (_run is null) return;
        IEnumerable<string> rows = _events.Where(entry => entry.Event == "epoch").Select(entry => string.Join(',',
            entry.Epoch, entry.Step, Number(entry.TrainLoss), Number(entry.TrainAccuracy), Number(entry.ValLoss),
            Number(entry.ValAccuracy),
            Number(entry.Lr), Number(entry.ImagesPerSecond), Number(entry.Seconds)));
        AtomicFile.WriteText(_run.Results, string.Concat(rows.Prepend(Columns).Select(row => row + "\n")));
    }

    private static string Number(double? value) => value?.ToString("G6", CultureInfo.InvariantCulture) ?? "";
}
