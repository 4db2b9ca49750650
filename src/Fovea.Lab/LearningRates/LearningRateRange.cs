namespace Fovea.Lab.LearningRates;

/// <summary>The rates that a range test tries: a geometric series.</summary>
/// <param name="From">The first rate, above 0.</param>
/// <param name="To">The last rate, above the first.</param>
/// <param name="Steps">Number of rates, each for one optimiser step; at least <see cref="FewestSteps"/>.</param>
public sealed record LearningRateRange(double From = 1e-6, double To = 10, int Steps = 150)
{
    /// <summary>Below this there is nothing to smooth.</summary>
    public const int FewestSteps = 20;

    /// <summary>The rate of a step, counted from 0: From · (To / From)^(step / (Steps − 1)).</summary>
    public double Rate(int step) => From * Math.Pow(To / From, (double)step / (Steps - 1));

    /// <summary>Complains about values that make no sense.</summary>
    /// <exception cref="UsageException">Names the value and its range.</exception>
    public void Validate()
    {
        if (!(From > 0 && To > From && To <= 1e6))
            throw new UsageException(
                FormattableString.Invariant(
                    $"must rise from above 0 to at most 1e6, got {From:G6} to {To:G6}."))
            {
                Field = "find-lr-range",
            };
        if (Steps is < FewestSteps or > 100_000)
            throw new UsageException(
                $"must be from {FewestSteps} to 100000, not {Steps}.")
            {
                Field = "find-lr-steps",
            };
    }
}
