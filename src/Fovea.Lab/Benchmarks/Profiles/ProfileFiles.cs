using System.Globalization;
using Fovea.Core.Timelines;
using Fovea.Plotting.Charts;

namespace Fovea.Lab.Benchmarks.Profiles;

/// <summary>Figures and traces of a profile.</summary>
public static class ProfileFiles
{
    /// <summary>A step as a flame chart: phases, operators, sizes.</summary>
    public static FlameChart Flame(StepProfile profile, string title)
    {
        List<FlamePart> phases = [.. StepProfile.Phases
            .Select(phase => Part(phase, profile.Operators.Where(o => o.Phase == phase), o => o.Operator,
                group => [.. group.Where(o => o.Size.Length > 0).Select(o => Part(o.Size, o.Milliseconds, []))]))
            .Where(part => part.Value > 0)];
        if (profile.MillisecondsBetween > 0) phases.Add(Part("between", profile.MillisecondsBetween, []));
        return new FlameChart
        {
            Title = title,
            Root = Part("step", Math.Max(profile.MillisecondsPerStep, phases.Sum(phase => phase.Value)), phases),
        };
    }

    /// <summary>Work of each thread in one step, as Chrome's tracing and Perfetto show it.</summary>
    public static string Trace(StepProfile profile) => Timeline.Write([("step", profile.Threads)]);

    private static FlamePart Part(string name, IEnumerable<ProfiledOperator> operators,
        Func<ProfiledOperator, string> key, Func<IEnumerable<ProfiledOperator>, IReadOnlyList<FlamePart>> inner)
    {
        List<FlamePart> parts = [.. operators.GroupBy(key)
            .Select(group => Part(group.Key, group.Sum(o => o.Milliseconds), inner(group)))
            .OrderByDescending(part => part.Value)];
        return Part(name, parts.Sum(part => part.Value), parts);
    }

    private static FlamePart Part(string name, double milliseconds, IReadOnlyList<FlamePart> parts) =>
        new(name, milliseconds, parts)
        {
            Note = string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms"),
        };
}
