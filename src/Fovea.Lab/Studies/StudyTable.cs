using Fovea.Lab.Reports;
using Fovea.Plotting.Text;
using Fovea.Training.Recipes;

namespace Fovea.Lab.Studies;

/// <summary>The results of a study as rows of text, for terminals and documents; headings of numbers begin with
/// <c>&gt;</c>.</summary>
/// <param name="Headings">One per column.</param>
/// <param name="Rows">One per configuration.</param>
/// <param name="Notes">Notes on the numbers, for the reader.</param>
public sealed record StudyTable(IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows,
    IReadOnlyList<string> Notes)
{
    /// <summary>The heading from which on columns tell of costs.</summary>
    internal const string FirstCost = ">parameters";

    /// <summary>Names of <see cref="Numbers"/>, as columns of a file.</summary>
    public static IReadOnlyList<string> NumberNames { get; } =
    [
        "seeds", "test_accuracy", "test_accuracy_std", "test_accuracy_min", "test_accuracy_max", "val_accuracy",
        "val_accuracy_std", "published", "parameters", "flops",
        "seconds", "images_per_second", "peak_memory_bytes", "train_accuracy", "train_loss", "val_loss", "test_loss",
        "processor_seconds",
    ];

    /// <summary>Measurements of a configuration; null or not finite: not known.</summary>
    public static IReadOnlyList<double?> Numbers(ConfigurationResult one) =>
    [
        one.Finished.Count, one.TestAccuracy.Mean, one.TestAccuracy.Std, one.TestAccuracy.Least, one.TestAccuracy.Most,
        one.ValidationAccuracy.Mean, one.ValidationAccuracy.Std, one.Configuration.Published, one.Cost.Parameters,
        one.Cost.Flops,
        one.Seconds.Mean, one.ImagesPerSecond.Mean, one.PeakMemoryBytes.Mean, one.TrainAccuracy.Mean,
        one.TrainLoss.Mean, one.ValidationLoss.Mean, one.TestLoss.Mean,
        one.ProcessorSeconds.Mean,
    ];

    /// <summary>The table of a study.</summary>
    public static StudyTable Of(StudyResults results)
    {
        bool published = results.Configurations.Any(one => one.Configuration.Published is not null);
        bool compared = results.Comparisons.Count > 0;
        string[] headings =
        [
            "configuration", ">seeds", ">test accuracy", .. published ? [">published"] : Array.Empty<string>(),
            .. compared ? [">to the best", ">p"] : Array.Empty<string>(), FirstCost, ">MFLOPs/image", ">images/s",
            ">time", ">memory",
        ];
        return new(headings, [.. results.Configurations.Select((_, i) => Row(results, i, published, compared))],
            [.. NotesOf(results)]);
    }

    /// <summary>Loss and accuracy on training, validation and test images side by side; without rows where nothing is
    /// finished.</summary>
    public static StudyTable Parts(StudyResults results) => new(
        ["configuration", ">train loss", ">train accuracy", ">validation loss", ">validation accuracy", ">test loss",
            ">test accuracy"],
        [.. results.Configurations.Where(one => one.Finished.Count > 0).Select(one => (string[])
            [one.Configuration.Label, Loss(one.TrainLoss), Accuracy(one.TrainAccuracy), Loss(one.ValidationLoss),
                Accuracy(one.ValidationAccuracy), Loss(one.TestLoss), Accuracy(one.TestAccuracy)])],
        [PartResult.Note + (results.Plan.Study.Seeds.Count > 1 ? " Means over seeds, ± standard deviation." : "")]);

    private static string Loss(Spread loss) => !double.IsFinite(loss.Std) ? ValueText.Fixed(loss.Mean)
        : $"{ValueText.Fixed(loss.Mean)} ± {ValueText.Significant(loss.Std, 2)}";

    /// <summary>Names of the options that any configuration sets.</summary>
    internal static string[] Options(StudyResults results) =>
        [.. results.Configurations.SelectMany(one => one.Configuration.Settings.Select(setting => setting.Field.Name))
            .Distinct()];

    /// <summary>An option as a configuration uses it.</summary>
    internal static string Option(ConfigurationResult one, string name) => RecipeFields.Find(name)!.Read(one.Recipe);

    /// <summary>75.83 ± 0.12 %.</summary>
    internal static string Accuracy(Spread accuracy) => !double.IsFinite(accuracy.Std)
        ? ValueText.Percent(accuracy.Mean)
        : $"{ValueText.Percent(accuracy.Mean)[..^2]} ± {ValueText.Percent(accuracy.Std)}";

    /// <summary>A difference of accuracies in points: −1.23.</summary>
    internal static string Points(double difference) => ValueText.Percent(difference)[..^2];

    /// <summary>Names the seeds of a comparison where they are not all.</summary>
    internal static string Fewer(StudyResults results, Comparison pair) =>
        pair.Seeds == results.Plan.Study.Seeds.Count ? ""
            : pair.Seeds == 1 ? " (1 seed)" : $" ({pair.Seeds} seeds)";

    /// <summary>The best is best; a star marks a difference to it that is significant.</summary>
    private static IEnumerable<string> Significance(StudyResults results, int number)
    {
        int best = results.BestRival(number);
        if (best == number) return ["best", ""];
        return results.Between(number, best) is Comparison pair
            ? [Points(pair.Difference) + (pair.IsSignificant ? " *" : "") + Fewer(results, pair),
                pair.AdjustedP < 0.001 ? "< 0.001"
                    : pair.AdjustedP.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture)]
            : ["", ""];
    }

    private static List<string> Row(StudyResults results, int number, bool published, bool compared)
    {
        ConfigurationResult one = results.Configurations[number];
        List<string> row = [one.Configuration.Label, $"{one.Finished.Count}/{results.Plan.Study.Seeds.Count}",
            Accuracy(one.TestAccuracy)];
        if (published) row.Add(one.Configuration.Published is double share ? ValueText.Percent(share) : "");
        if (compared) row.AddRange(Significance(results, number));
        row.AddRange([
            ValueText.Count(one.Cost.Parameters),
            one.Cost.Flops is double flops ? ValueText.Significant(flops / 1e6, 3) : "",
            ValueText.Significant(one.ImagesPerSecond.Mean, 3), ValueText.Duration(one.Seconds.Mean), Memory(one),
        ]);
        return row;
    }

    private static string Memory(ConfigurationResult one) =>
        double.IsFinite(one.PeakMemoryBytes.Mean) ? ByteSize.Text(one.PeakMemoryBytes.Mean) : ValueText.Missing;

    private static IEnumerable<string> NotesOf(StudyResults results)
    {
        if (results.Plan.Study.Seeds.Count > 1) yield return "Means over seeds, ± standard deviation.";
        if (results.Comparisons.Count > 0)
            yield return "To the best: difference in points to the best configuration on the same data; * where it is "
                + "significant: p < 0.05 in a paired bootstrap over "
                + (results.Comparisons.Any(pair => pair.Seeds > 1) ? "seeds and " : "")
                + $"test images, {ValueText.Count(results.Resamples)} resamples, adjusted for the number of "
                + "comparisons (Holm).";
        if (!results.IsComplete)
            yield return "The study is not complete."
            + (results.Comparisons.Count > 0
                ? " Differences are over the seeds that both have finished; their number stands behind those over "
                + "fewer than all, and one seed says nothing about others." : "");
        foreach (CellResult cell in results.Configurations.SelectMany(one => one.Cells))
            if (cell.Problem is string problem)
                yield return $"'{cell.Cell.Label}' cannot be read and is left out: {problem}";
        int[] threads = [.. results.Configurations.SelectMany(one => one.Finished)
            .Select(cell => cell.Record!.Recipe.Run.Threads ?? 0).Distinct()];
        if (threads.Length > 1)
            yield return $"Cells were trained with different numbers of threads ({string.Join(", ", threads)}): times "
                + "do not compare.";
    }
}
