using System.Globalization;
using System.Text;
using Fovea.Core.Collectives;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Core.Timelines;

namespace Fovea.Training.Ranks;

/// <summary>The timeline of some steps of all ranks.</summary>
/// <param name="ranks">The ranks.</param>
/// <param name="path">The file that rank 0 writes.</param>
internal sealed class RankTimeline(ICollective ranks, string path)
{
    private const int First = 3, Steps = 20;   // the first steps of a process are compiled while they run

    private int _steps;
    private bool _isWritten;

    /// <summary>The timeline of this rank.</summary>
    public Timeline Timeline { get; } = new();

    /// <summary>A step is done; on all ranks.</summary>
    /// <returns>A sentence once it is written; null: not yet, or another rank has it.</returns>
    public string? Step()
    {
        _steps++;
        if (_steps == First) Timeline.IsOn = true;
        return _steps == First + Steps ? Write() : null;
    }

    /// <summary>Writes what there is, unless it is written; on all ranks.</summary>
    public string? Write()
    {
        if (_isWritten) return null;
        _isWritten = true;
        Timeline.IsOn = false;
        IReadOnlyList<byte[]> all = ranks.Gather(Encoding.UTF8.GetBytes(JsonText.Line(Timeline.Events)));
        if (ranks.Rank > 0) return null;
        List<(string, IReadOnlyList<TimelineEvent>)> processes = [.. all.Select((json, rank) =>
            ($"rank {rank}", JsonText.Read<IReadOnlyList<TimelineEvent>>(Encoding.UTF8.GetString(json))!))];
        AtomicFile.WriteText(path, Timeline.Write(processes) + "\n");
        int steps = Math.Min(Steps, _steps - First);
        return $"{path}: a timeline of {steps} steps, for chrome://tracing or ui.perfetto.dev"
            + (ranks.Size == 1 || steps < 1 ? "." : "; " + Hidden(processes, steps));
    }

    /// <summary>A sentence on how much of the time of communicating gradients nobody waited for.</summary>
    private static string Hidden(List<(string Name, IReadOnlyList<TimelineEvent> Events)> processes, int steps)
    {
        double Of(string track, string name) => processes.Sum(process => process.Events
            .Where(entry => entry.Track == track && entry.Name.StartsWith(name, StringComparison.Ordinal))
            .Sum(entry => entry.Duration)) / processes.Count / steps / 1000;
        double busy = Of("communication", "bucket"), waited = Of("compute", "wait for bucket");
        return string.Create(CultureInfo.InvariantCulture,
            $"gradients were on their way for {busy:F1} ms of a step, and {waited:F1} ms of it were waited for ("
            + $"{Math.Max(0, 1 - waited / Math.Max(busy, 1e-9)):P0} hidden).");
    }
}
