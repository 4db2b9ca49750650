using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>The results of a study for programs: <c>study.json</c>. What is not known is left out.</summary>
internal static class StudyJson
{
    /// <summary>Goes up when a member changes its meaning or goes away.</summary>
    private const int Format = 1;

    public static object Of(StudyResults results) => new
    {
        Format,
        Fovea = Machine.Version,
        results.Plan.Study.Name,
        Description = results.Plan.Study.Description is { Length: > 0 } text ? text : null,
        Complete = results.IsComplete,
        results.Plan.Study.Seeds,
        Configurations = results.Configurations.Select((one, i) => new
        {
            Name = one.Configuration.Label,
            Settings = one.Configuration.Settings.ToDictionary(setting => setting.Field.Name, setting => setting.Value),
            TestAccuracy = Describe(one.TestAccuracy),
            ValAccuracy = Describe(one.ValidationAccuracy),
            TrainAccuracy = Describe(one.TrainAccuracy),
            TrainLoss = Describe(one.TrainLoss),
            ValLoss = Describe(one.ValidationLoss),
            TestLoss = Describe(one.TestLoss),
            one.Configuration.Published,
            one.Cost.Parameters,
            one.Cost.Flops,
            Seconds = Describe(one.Seconds),
            ProcessorSeconds = Describe(one.ProcessorSeconds),
            ImagesPerSecond = Describe(one.ImagesPerSecond),
            PeakMemoryBytes = Describe(one.PeakMemoryBytes),
            Cells = one.Cells.Select(cell => new
            {
                cell.Cell.Name,
                Directory = $"cells/{cell.Cell.Name}",
                cell.Cell.Seed,
                cell.State,
                cell.Problem,
                cell.Summary?.TestAccuracy,
                cell.Summary?.TestLoss,
                ValAccuracy = cell.Summary?.BestValAccuracy,
                cell.Summary?.ValLoss,
                cell.Summary?.TrainAccuracy,
                cell.Summary?.TrainLoss,
                cell.Summary?.Epochs,
                cell.Summary?.Seconds,
                cell.Summary?.ProcessorSeconds,
            }),
        }),
        Comparisons = results.Comparisons.Select(pair => new
        {
            A = results.Configurations[pair.A].Configuration.Label,
            B = results.Configurations[pair.B].Configuration.Label,
            pair.Difference,
            Interval = new[] { pair.Low, pair.High },
            pair.P,
            pair.AdjustedP,
            pair.Seeds,
            Significant = pair.IsSignificant,
        }),
        Recommendations = Recommendation.Of(results).Select(one => new
        {
            Data = one.Data.Length > 0 ? one.Data : null,
            Configuration = Name(results, one.Best),
            BetterThan = one.BetterThan.Select(i => Name(results, i)),
            NoDifferenceTo = one.NoDifferenceTo.Select(i => Name(results, i)),
            WorseThan = one.WorseThan.Select(i => Name(results, i)),
            one.Sentences,
        }),
        Bootstrap = new { results.Resamples, Seed = 0, Adjustment = "holm", Comparison.Level },
    };

    private static string Name(StudyResults results, int number) => results.Configurations[number].Configuration.Label;

    private static object? Describe(Spread spread) => spread.Values.Count == 0 ? null : new
    {
        spread.Mean,
        Std = double.IsFinite(spread.Std) ? spread.Std : (double?)null,
        Min = spread.Least,
        Max = spread.Most,
        spread.Values,
    };
}
