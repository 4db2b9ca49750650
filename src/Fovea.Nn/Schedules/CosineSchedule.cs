namespace Fovea.Nn.Schedules;

/// <summary>
/// Half a cosine from 1 to a minimum (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5); beyond its length it climbs again, with a
/// period of twice the length, as PyTorch's does.
/// </summary>
public sealed record CosineSchedule : Schedule
{
    /// <param name="steps">Steps from 1 to the minimum, 1 or more.</param>
    /// <param name="minimum">Lowest factor, 0 to 1.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public CosineSchedule(int steps, double minimum = 0) =>
        (Steps, Minimum) = (Check.AtLeast(1, steps, "Cosine schedule: steps"), Check.Between(0, 1, minimum, "Cosine schedule: minimum"));

    /// <summary>Steps from 1 to the minimum.</summary>
    public int Steps { get; }

    /// <summary>Lowest factor.</summary>
    public double Minimum { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => CosineBetween(1, Minimum, (double)step / Steps);
}
