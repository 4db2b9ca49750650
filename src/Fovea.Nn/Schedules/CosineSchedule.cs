using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>
/// Half a cosine from 1 to a minimum (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5); beyond its length it climbs
/// again, with a period of twice the length, as PyTorch's does.
/// </summary>
public sealed record CosineSchedule : Schedule
{
    private static readonly Option<double?> Epochs = Option.Maybe("epochs", ValueForm.Real(),
        "epochs down to the minimum, behind the warm-up", "the rest of the run");
    private static readonly Option<double> Lowest = Option.Of("min", ValueForm.Real(), 0, "lowest factor, 0 to 1");

    /// <param name="steps">Steps from 1 to the minimum, 1 or more.</param>
    /// <param name="minimum">Lowest factor, 0 to 1.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public CosineSchedule(int steps, double minimum = 0)
    {
        Steps = Check.AtLeast(1, steps, "Cosine schedule: steps");
        Minimum = Check.Between(0, 1, minimum, "Cosine schedule: minimum");
    }

    internal static ScheduleEntry Entry { get; } = new(
        "cosine",
        [Epochs, Lowest],
        (values, run) => new CosineSchedule(run.Steps(values.Of(Epochs) ?? run.Epochs), values.Of(Lowest)))
    {
        Lowest = Lowest,
    };

    /// <summary>Steps from 1 to the minimum.</summary>
    public int Steps { get; }

    /// <summary>Lowest factor.</summary>
    public double Minimum { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => CosineBetween(1, Minimum, (double)step / Steps);
}
