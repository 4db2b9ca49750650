namespace Fovea.Nn.Schedules;

/// <summary>
/// Schedules by name, for recipes and command lines: <c>cosine</c>, <c>step:size=30,gamma=0.1</c>. Lengths are in epochs, fractions
/// allowed; factors are of the base learning rate. Every schedule takes <c>warmup</c> (epochs) and <c>warmup-start</c> (factor).
/// </summary>
public static class ScheduleCatalogue
{
    private static readonly Entry[] Entries =
    [
        new("constant", [], (_, _) => new ConstantSchedule()),
        new("cosine", ["epochs", "min"], (spec, run) => new CosineSchedule(run.Steps(spec, "epochs", run.Epochs), spec.Number("min", 0))),
        new("cosine-restarts", ["epochs", "times", "min"], (spec, run) =>
            new CosineRestartsSchedule(run.Steps(spec, "epochs", 10), spec.Integer("times", 1), spec.Number("min", 0))),
        new("exponential", ["gamma"], (spec, run) => new StepSchedule(run.PerEpoch, spec.Number("gamma", 0.95))),
        new("linear", ["epochs", "start", "end"], (spec, run) =>
            new LinearSchedule(spec.Number("start", 1), spec.Number("end", 0), run.Steps(spec, "epochs", run.Epochs))),
        new("multi-step", ["at", "gamma"], (spec, run) =>
            new MultiStepSchedule([.. spec.Numbers("at", run.Epochs / 2, run.Epochs * 3 / 4).Select(run.Steps)], spec.Number("gamma", 0.1))),
        new("one-cycle", ["rise", "divisor", "final-divisor", "linear", "three-phase", "low-momentum", "high-momentum"], (spec, run) =>
            new OneCycleSchedule(run.Steps(run.Epochs))
            {
                Rise = spec.Number("rise", 0.3),
                Divisor = spec.Number("divisor", 25),
                FinalDivisor = spec.Number("final-divisor", 1e4),
                Linear = spec.Flag("linear", false),
                ThreePhase = spec.Flag("three-phase", false),
                LowMomentum = spec.Number("low-momentum", 0.85),
                HighMomentum = spec.Number("high-momentum", 0.95),
            }),
        new("step", ["size", "gamma"], (spec, run) => new StepSchedule(run.Steps(spec, "size", 30), spec.Number("gamma", 0.1))),
    ];

    /// <summary>What there is.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Entries.Select(entry => entry.Name)];

    /// <summary>Builds the schedule of a run.</summary>
    /// <param name="spec">Name and options.</param>
    /// <param name="totalSteps">Optimiser steps of the whole run, warm-up included; 1 or more.</param>
    /// <param name="stepsPerEpoch">Optimiser steps of an epoch; 1 to give lengths in steps.</param>
    /// <exception cref="UsageException">An unknown name or option, or a number out of range.</exception>
    public static Schedule Build(Spec spec, int totalSteps, int stepsPerEpoch = 1)
    {
        Check.AtLeast(1, totalSteps, "Schedule: total steps");
        Check.AtLeast(1, stepsPerEpoch, "Schedule: steps per epoch");
        Entry entry = Array.Find(Entries, entry => entry.Name == spec.Name)
            ?? throw new UsageException(NearestName.Message("schedule", spec.Name, Names));
        spec.RequireKnown([.. entry.Options, "warmup", "warmup-start"]);

        double warmUp = Check.AtLeast(0, spec.Number("warmup", 0), $"{spec.Name}: warmup");
        int warmUpSteps = Math.Min((int)Math.Round(warmUp * stepsPerEpoch), totalSteps);
        Run run = new(Math.Max(1, totalSteps - warmUpSteps), stepsPerEpoch);
        double? start = spec.Options.ContainsKey("warmup-start") ? spec.Number("warmup-start", 0) : null;
        return Schedule.WarmUp(warmUpSteps, entry.Create(spec, run), start);
    }

    private sealed record Entry(string Name, IReadOnlyList<string> Options, Func<Spec, Run, Schedule> Create);

    /// <summary>What remains behind the warm-up.</summary>
    private readonly record struct Run(int Total, int PerEpoch)
    {
        public double Epochs => (double)Total / PerEpoch;

        public int Steps(double epochs) => Math.Max(1, (int)Math.Round(epochs * PerEpoch));

        public int Steps(Spec spec, string key, double otherwise) => Steps(spec.Number(key, otherwise));
    }
}
