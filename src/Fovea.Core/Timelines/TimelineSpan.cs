using System.Diagnostics;

namespace Fovea.Core.Timelines;

/// <summary>Measures until it is disposed.</summary>
public readonly struct TimelineSpan : IDisposable
{
    private readonly Timeline? _timeline;
    private readonly string _track;
    private readonly string _name;
    private readonly long _start;

    internal TimelineSpan(Timeline? timeline, string track, string name) =>
        (_timeline, _track, _name, _start) = (timeline, track, name, Stopwatch.GetTimestamp());

    /// <inheritdoc/>
    public void Dispose() => _timeline?.Add(_track, _name, _start, Stopwatch.GetTimestamp());
}

/// <summary>Measuring, or not.</summary>
public static class TimelineExtensions
{
    /// <summary>Measures from now on until the result is disposed; nothing where there is no timeline.</summary>
    public static TimelineSpan Measure(this Timeline? timeline, string track, string name) =>
        new(timeline, track, name);
}
