namespace Fovea.Core.Timelines;

/// <summary>Something that a process did.</summary>
/// <param name="Track">Where: one thing at a time.</param>
/// <param name="Name">What.</param>
/// <param name="Start">When it began, in microseconds since 1970.</param>
/// <param name="Duration">How long it took, in microseconds.</param>
public readonly record struct TimelineEvent(string Track, string Name, double Start, double Duration);
