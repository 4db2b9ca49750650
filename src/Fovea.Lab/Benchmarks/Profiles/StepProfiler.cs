using System.Diagnostics;
using Fovea.Core.Timelines;
using Fovea.Tensors.Backends.Meta;
using Fovea.Tensors.Backends.Profiling;

namespace Fovea.Lab.Benchmarks.Profiles;

/// <summary>From the calls of some steps to their account.</summary>
internal static class StepProfiler
{
    private static readonly string[] Updates =
        ["SumsOfSquares", "Sgd", "Adam", "Lamb", "Lars", "Lion", "Adan", "ScheduleFree", "Cautious", "Muon", "Lerp"];

    /// <summary>Profiles steps.</summary>
    /// <param name="backend">The backend on which steps compute.</param>
    /// <param name="step">Computes one step.</param>
    /// <param name="steps">Steps to measure.</param>
    /// <param name="metaStep">Computes the same step on the given backend, which knows sizes only.</param>
    internal static StepProfile Run(ProfilingBackend backend, Action step, int steps, Action<ProfilingBackend> metaStep)
    {
        List<ProfiledCall[]> measured = [];
        Timeline threads = new() { IsOn = true };
        List<double> whole = [];
        for (int i = 0; i < steps; i++)
        {
            backend.Clear();
            backend.Threading = i == steps - 1 ? threads : null;
            backend.IsOn = true;
            long begin = Stopwatch.GetTimestamp();
            step();
            if (i < steps - 1 || steps == 1) whole.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            backend.IsOn = false;
            measured.Add([.. backend.Calls]);
        }

        ProfilingBackend meta = new(new MetaBackend()) { IsOn = true };
        metaStep(meta);
        return new StepProfile
        {
            MillisecondsPerStep = Median(whole),
            Operators = Account(measured, meta.Calls),
            Threads = threads.Events,
        };
    }

    /// <summary>Adds up calls of the same phase, operator and sizes.</summary>
    /// <param name="steps">Calls of each step, the same in each.</param>
    /// <param name="sizes">The same calls on a device that counts bytes.</param>
    internal static IReadOnlyList<ProfiledOperator> Account(IReadOnlyList<ProfiledCall[]> steps,
        IReadOnlyList<ProfiledCall> sizes)
    {
        ProfiledCall[] first = steps[0];
        bool isRepeated = steps.All(step => step.Length == first.Length);
        // What is not a number on a device that has none may end a step in another way.
        int alike = sizes.Zip(first).TakeWhile(pair => pair.First.Name == pair.Second.Name).Count();
        Dictionary<(string Phase, string Name, string Size), (int Calls, double Time, double Flop, double Bytes)> sums =
            [];
        // Running means of a batch norm are updated on the way; the step's update comes behind all gradients.
        int lastGradient = Array.FindLastIndex(first, IsBackward);
        string phase = StepProfile.Phases[0];
        for (int i = 0; i < first.Length; i++)
        {
            ProfiledCall call = first[i];
            phase = i > lastGradient && Updates.Contains(call.Name) ? "update" : IsBackward(call) ? "backward" : phase;
            double time = isRepeated ? Median([.. steps.Select(step => Milliseconds(step[i]))]) : Milliseconds(call);
            double bytes = i < alike ? sizes[i].Moved - (i == 0 ? 0 : sizes[i - 1].Moved) : 0;
            (int calls, double t, double f, double b) = sums.GetValueOrDefault((phase, call.Name, call.Size));
            sums[(phase, call.Name, call.Size)] = (calls + 1, t + time, f + call.Flops, b + bytes);
        }

        return [.. sums.Select(entry => new ProfiledOperator
        {
            Phase = entry.Key.Phase,
            Operator = entry.Key.Name,
            Size = entry.Key.Size,
            Calls = entry.Value.Calls,
            Milliseconds = entry.Value.Time,
            Gflop = entry.Value.Flop / 1e9,
            Megabytes = entry.Value.Bytes / 1e6,
        }).OrderByDescending(o => o.Milliseconds)];
    }

    private static bool IsBackward(ProfiledCall call) => call.Name.Contains("Backward", StringComparison.Ordinal);

    private static double Milliseconds(ProfiledCall call) =>
        Stopwatch.GetElapsedTime(call.Begin, call.End).TotalMilliseconds;

    private static double Median(List<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered[ordered.Length / 2];
    }
}
