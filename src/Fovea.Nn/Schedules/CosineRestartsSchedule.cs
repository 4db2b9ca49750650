using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>Half cosines from 1 to a minimum, one after another, each so many times longer than the last (SGDR,
/// arXiv:1608.03983).</summary>
public sealed record CosineRestartsSchedule : Schedule
{
    private static readonly Option<double> Epochs = Option.Of("epochs", ValueForm.Real(), 10,
        "epochs of the first cosine, behind the warm-up");
    private static readonly Option<int> Times = Option.Of("times", ValueForm.Whole(1, 1_000_000), 1,
        "how many times longer each is than the one before, 1 or more");
    private static readonly Option<double> Lowest = Option.Of("min", ValueForm.Real(), 0, "lowest factor, 0 to 1");

    /// <param name="steps">Length of the first, 1 or more.</param>
    /// <param name="multiplier">Each is this many times longer than the one before, 1 or more.</param>
    /// <param name="minimum">Lowest factor, 0 to 1.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public CosineRestartsSchedule(int steps, int multiplier = 1, double minimum = 0)
    {
        Steps = Check.AtLeast(1, steps, "Cosine restarts: steps");
        Multiplier = Check.AtLeast(1, multiplier, "Cosine restarts: multiplier");
        Minimum = Check.Between(0, 1, minimum, "Cosine restarts: minimum");
    }

    internal static ScheduleEntry Entry { get; } = new(
        "cosine-restarts",
        [Epochs, Times, Lowest],
        (values, run) => new CosineRestartsSchedule(run.Steps(values.Of(Epochs)), values.Of(Times), values.Of(Lowest)));

    /// <summary>Length of the first.</summary>
    public int Steps { get; }

    /// <summary>Factor from each length to the next.</summary>
    public int Multiplier { get; }

    /// <summary>Lowest factor.</summary>
    public double Minimum { get; }

    /// <inheritdoc/>
    public override double Factor(int step)
    {
        long start = 0, length = Steps;
        if (Multiplier == 1) start = step / Steps * Steps;
        for (; Multiplier > 1 && step >= start + length; length *= Multiplier) start += length;
        return CosineBetween(1, Minimum, (double)(step - start) / length);
    }
}
