using System.Globalization;
using System.Text.RegularExpressions;
using Fovea.Nn.Schedules;

namespace Fovea.Nn.Tests.Schedules;

/// <summary>Reads PyTorch's constructor calls, as the golden cases write them, e.g. <c>StepLR(step_size=4,
/// gamma=0.5)</c>.</summary>
internal static class TorchSchedule
{
    /// <param name="text">The call, perhaps followed by remarks.</param>
    /// <param name="baseRate">The optimiser's learning rate.</param>
    /// <returns>The schedule, and the rate that its factors refer to.</returns>
    public static (Schedule Schedule, double Rate) Parse(string text, double baseRate)
    {
        string kind = text[..text.IndexOf('(', StringComparison.Ordinal)];
        double minimum = Number(text, "eta_min", 0) / baseRate;
        return kind switch
        {
            "CosineAnnealingLR" => (new CosineSchedule(Integer(text, "T_max"), minimum), baseRate),
            "CosineAnnealingWarmRestarts" =>
                (new CosineRestartsSchedule(Integer(text, "T_0"), Integer(text, "T_mult", 1), minimum), baseRate),
            "StepLR" => (new StepSchedule(Integer(text, "step_size"), Number(text, "gamma", 0.1)), baseRate),
            "ExponentialLR" => (new StepSchedule(1, Number(text, "gamma")), baseRate),
            "MultiStepLR" => (new MultiStepSchedule(Integers(text, "milestones"), Number(text, "gamma", 0.1)),
                baseRate),
            "LinearLR" => (
                new LinearSchedule(Number(text, "start_factor", 1.0 / 3), Number(text, "end_factor", 1),
                    Integer(text, "total_iters", 5)), baseRate),
            "OneCycleLR" => (OneCycle(text), Number(text, "max_lr")),
            "SequentialLR" => (
                new SequentialSchedule([.. Parts(text).Select(part => Parse(part, baseRate).Schedule)],
                    Integers(Tail(text), "milestones")),
                baseRate),
            _ => throw new NotSupportedException(text),
        };
    }

    private static OneCycleSchedule OneCycle(string text)
    {
        Match cycled = Regex.Match(text, @"cycled ([\d.]+?)\.\.([\d.]+)");
        return new OneCycleSchedule(Integer(text, "total_steps"))
        {
            Rise = Number(text, "pct_start", 0.3),
            Divisor = Number(text, "(?<!final_)div_factor", 25),
            FinalDivisor = Number(text, "final_div_factor", 1e4),
            Linear = text.Contains("linear", StringComparison.Ordinal),
            ThreePhase = text.Contains("three_phase", StringComparison.Ordinal)
                && !text.Contains("three_phase=False", StringComparison.Ordinal),
            LowMomentum = cycled.Success ? Parsed(cycled.Groups[1].Value) : Number(text, "base_momentum", 0.85),
            HighMomentum = cycled.Success ? Parsed(cycled.Groups[2].Value) : Number(text, "max_momentum", 0.95),
        };
    }

    /// <summary>The calls in the list of <c>SequentialLR([A(...), B(...)], milestones=[...])</c>.</summary>
    private static IEnumerable<string> Parts(string text) =>
        Regex.Matches(
            text[(text.IndexOf('[', StringComparison.Ordinal) + 1)..],
            @"\w+LR\w*\([^()]*\)|CosineAnnealingWarmRestarts\([^()]*\)").Select(match => match.Value);

    /// <summary>The last argument, so that a part's milestones are not taken for the sequence's own.</summary>
    private static string Tail(string text) => text[text.LastIndexOf("milestones", StringComparison.Ordinal)..];

    private static double Number(string text, string key, double? otherwise = null)
    {
        Match match = Regex.Match(text, $@"\b{key}\s*[= ]\s*([-+\d.]+(?:e[-+]?\d+)?)");
        return match.Success ? Parsed(match.Groups[1].Value) : otherwise
            ?? throw new FormatException($"{text}: no {key}");
    }

    private static int Integer(string text, string key, int? otherwise = null) => (int)Number(text, key, otherwise);

    private static int[] Integers(string text, string key) =>
        [.. Regex.Match(text, $@"{key}\s*=\s*\[([^\]]*)\]").Groups[1].Value.Split(',')
            .Select(part => (int)Parsed(part))];

    private static double Parsed(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
