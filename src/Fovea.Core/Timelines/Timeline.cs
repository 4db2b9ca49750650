using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fovea.Core.Timelines;

/// <summary>Record of what a process did when, on several tracks, in the form that Chrome's tracing
/// (<c>chrome://tracing</c>, Perfetto) shows.</summary>
public sealed class Timeline
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly Lock _gate = new();
    private readonly List<TimelineEvent> _events = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double _clock = (DateTime.UtcNow - DateTime.UnixEpoch).TotalMicroseconds;

    /// <summary>True while what is measured is kept.</summary>
    public bool IsOn { get; set; }

    /// <summary>Everything that was kept so far.</summary>
    public IReadOnlyList<TimelineEvent> Events
    {
        get
        {
            lock (_gate) return [.. _events];
        }
    }

    /// <summary>Writes the timelines of several processes as one.</summary>
    /// <param name="processes">Name and events of each.</param>
    /// <returns>Trace events as JSON; times in microseconds.</returns>
    public static string Write(IReadOnlyList<(string Name, IReadOnlyList<TimelineEvent> Events)> processes)
    {
        List<TraceEvent> events = [];
        double origin = processes.SelectMany(process => process.Events).Select(entry => entry.Start)
            .DefaultIfEmpty(0).Min();
        for (int process = 0; process < processes.Count; process++)
        {
            (string name, IReadOnlyList<TimelineEvent> measured) = processes[process];
            events.Add(new("process_name", "M", process, 0, Args: new(name)));
            List<string> tracks = [.. measured.Select(entry => entry.Track).Distinct()];
            for (int track = 0; track < tracks.Count; track++)
                events.Add(new("thread_name", "M", process, track, Args: new(tracks[track])));
            events.AddRange(measured.Select(entry => new TraceEvent(entry.Name, "X", process,
                tracks.IndexOf(entry.Track), Math.Round(entry.Start - origin, 1), Math.Round(entry.Duration, 1))));
        }

        return JsonSerializer.Serialize(new { TraceEvents = events, DisplayTimeUnit = "ms" }, Form);
    }

    internal void Add(string track, string name, long start, long end)
    {
        double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
        if (!IsOn) return;
        TimelineEvent entry = new(track, name, _clock + Microseconds(start - _start), Microseconds(end - start));
        lock (_gate) _events.Add(entry);
    }

    /// <summary>An event as Chrome writes it: X is something that took time, M a name.</summary>
    private sealed record TraceEvent(string Name, string Ph, int Pid, int Tid, double? Ts = null, double? Dur = null,
        TraceName? Args = null);

    private sealed record TraceName(string Name);
}
