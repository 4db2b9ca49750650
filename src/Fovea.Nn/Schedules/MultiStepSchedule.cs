using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>Times gamma at each milestone.</summary>
public sealed record MultiStepSchedule : Schedule
{
    private static readonly Option<IReadOnlyList<double>> At =
        Option.Of("at", ValueForm.Reals(), [],
            "epochs of the run at which it drops, e.g. 30/60/90; a half and three quarters of the run unless given");

    private static readonly Option<double> Factors = Option.Of("gamma", ValueForm.Real(), 0.1,
        "factor of each drop, 0 or more");

    /// <param name="milestones">Steps at which the factor drops.</param>
    /// <param name="gamma">Factor of each drop, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public MultiStepSchedule(IReadOnlyList<int> milestones, double gamma)
    {
        foreach (int milestone in milestones) Check.AtLeast(0, milestone, "Multi-step schedule: milestone");
        Milestones = milestones;
        Gamma = Check.AtLeast(0, gamma, "Multi-step schedule: gamma");
    }

    internal static ScheduleEntry Entry { get; } = new("multi-step", [At, Factors], Create)
    {
        Drops = Epochs,
    };

    /// <summary>Steps at which the factor drops.</summary>
    public IReadOnlyList<int> Milestones { get; }

    /// <summary>Factor of each drop.</summary>
    public double Gamma { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => Math.Pow(Gamma, Milestones.Count(milestone => milestone <= step));

    private static MultiStepSchedule Create(OptionValues values, ScheduleRun run) =>
        new([.. Epochs(values, run.AllEpochs).Select(run.StepAt)], values.Of(Factors));

    private static IReadOnlyList<double> Epochs(OptionValues values, double all) =>
        values.Has(At) ? values.Of(At) : [all / 2, all * 3 / 4];
}
