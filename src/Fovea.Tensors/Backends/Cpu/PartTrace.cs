using Fovea.Core.Timelines;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>Notes when which thread computed a part of a loop, while somebody wants to know.</summary>
internal static class PartTrace
{
    private static volatile Request? _request;

    /// <summary>Gets, loop by loop, the ticks of each part of the loops that this thread calls, which then computes
    /// them alone, one part after the other; null: nobody asks.</summary>
    [field: ThreadStatic]
    internal static List<long[]>? Loops { get; set; }

    /// <summary>Parts are noted from now on, under a name.</summary>
    internal static void Begin(Timeline timeline, string name) => _request = new(timeline, name);

    /// <summary>Nothing is noted from now on.</summary>
    internal static void End() => _request = null;

    /// <summary>Notes what this thread does until the result is disposed.</summary>
    internal static TimelineSpan Measure() => _request is { } request
        ? request.Timeline.Measure(WorkerPool.NameOfThread ?? "calling thread", request.Name) : default;

    private sealed record Request(Timeline Timeline, string Name);
}
