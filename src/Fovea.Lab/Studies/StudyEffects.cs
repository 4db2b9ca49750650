using Fovea.Plotting.Text;

namespace Fovea.Lab.Studies;

/// <summary>Effects of each option of a grid by itself: validation accuracy by its value, over the same combinations of
/// the others.</summary>
internal static class StudyEffects
{
    /// <summary>A sentence for each option that varies beside others.</summary>
    /// <param name="results">The study.</param>
    /// <param name="numbers">The configurations that count.</param>
    public static IEnumerable<string> Of(StudyResults results, IReadOnlyList<int> numbers)
    {
        Axis[] axes = [.. results.Plan.Study.Vary.Where(axis => axis.Values.Count > 1)];
        if (axes.Length < 2) yield break;
        foreach (Axis axis in axes)
        {
            var rows = numbers.Select(i => results.Configurations[i])
                .Where(one => one.Configuration.Settings.Any(setting => setting.Field == axis.Field))
                .GroupBy(one => string.Join(", ", one.Configuration.Settings.Where(s => s.Field != axis.Field)))
                .Where(row => axis.Values.All(value => row.Any(one => one.Configuration.Settings.Any(value.Says))))
                .ToArray();
            if (rows.Length < 2) continue;   // one combination is in the table
            var means = axis.Values.Select(value => (value.Value, Mean: rows.Average(row =>
                row.First(one => one.Configuration.Settings.Any(value.Says)).ValidationAccuracy.Mean)))
                .OrderByDescending(pair => pair.Mean);
            yield return $"By {axis.Field.Name}, validation accuracy over {rows.Length} combinations of the rest: "
                + $"{string.Join("; ", means.Select(pair => $"{pair.Value} {ValueText.Percent(pair.Mean)}"))}.";
        }
    }
}
