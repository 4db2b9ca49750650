using Fovea.Plotting.Text;
using Fovea.Training.Recipes;

namespace Fovea.Lab.Studies;

/// <summary>
/// The configuration to take of those that learned from the same data: the best by validation accuracy, and what the
/// test images say about the others. Test images choose nothing.
/// </summary>
public sealed record Recommendation
{
    private const int MostNamed = 6;
    private const double ClearlyLess = 0.9;

    /// <summary>Data that the configurations learned from, where a study has several; otherwise empty.</summary>
    public required string Data { get; init; }

    /// <summary>Number of the recommended configuration in <see cref="StudyResults.Configurations"/>.</summary>
    public required int Best { get; init; }

    /// <summary>Those that it is shown to be better than, on test images.</summary>
    public required IReadOnlyList<int> BetterThan { get; init; }

    /// <summary>Those to which no difference is shown.</summary>
    public required IReadOnlyList<int> NoDifferenceTo { get; init; }

    /// <summary>Those that are shown to be better on test images: validation and test disagree.</summary>
    public required IReadOnlyList<int> WorseThan { get; init; }

    /// <summary>The recommendation in words, a sentence each.</summary>
    public required IReadOnlyList<string> Sentences { get; init; }

    /// <summary>One for each set of two rivals or more that have finished all seeds; none before differences were
    /// computed, or without validation images.</summary>
    public static IReadOnlyList<Recommendation> Of(StudyResults results)
    {
        if (!results.IsCompared) return [];
        int[][] groups = [.. Enumerable.Range(0, results.Configurations.Count)
            .GroupBy(i => ComparableRuns.Group(results.Configurations, i)[0], (_, members) => members.ToArray())];
        return [.. groups.Select(group => Of(results, group, groups)).OfType<Recommendation>()];
    }

    private static Recommendation? Of(StudyResults results, int[] group, int[][] groups)
    {
        int seeds = results.Plan.Study.Seeds.Count;
        int[] finished = [.. group.Where(i => results.Configurations[i].Finished.Count == seeds
            && double.IsFinite(results.Configurations[i].ValidationAccuracy.Mean))];
        if (finished.Length < 2) return null;
        int best = finished.MaxBy(i => results.Configurations[i].ValidationAccuracy.Mean);
        ILookup<int, int> others = finished.Where(i => i != best).ToLookup(i => Verdict(results.Between(best, i)));
        Recommendation found = new()
        {
            Data = DataOf(results, group, groups),
            Best = best,
            BetterThan = [.. others[1]],
            NoDifferenceTo = [.. others[0]],
            WorseThan = [.. others[-1]],
            Sentences = [],
        };
        return found with { Sentences = [.. found.InWords(results, finished, group.Length - finished.Length)] };
    }

    private static int Verdict(Comparison? pair) =>
        pair is { IsSignificant: true } ? Math.Sign(pair.Difference) : 0;

    private IEnumerable<string> InWords(StudyResults results, int[] finished, int left)
    {
        ConfigurationResult best = results.Configurations[Best];
        string test = double.IsFinite(best.TestAccuracy.Mean)
            ? $", test accuracy {StudyTable.Accuracy(best.TestAccuracy)}" : "";
        yield return $"Recommended{(Data.Length > 0 ? $" for {Data}" : "")}: {best.Configuration.Label}, the best by "
            + $"validation accuracy ({StudyTable.Accuracy(best.ValidationAccuracy)}{test}).";
        bool isTested = NoDifferenceTo.Concat(BetterThan).Concat(WorseThan)
            .Any(i => results.Between(Best, i) is not null);
        if (BetterThan.Count > 0) yield return $"On test images it is shown to be better than {Names(BetterThan)}.";
        if (WorseThan.Count > 0)
            yield return $"Test images disagree: {Names(WorseThan)} {(WorseThan.Count == 1 ? "is" : "are")} "
                + "shown to be better there.";
        if (!isTested) yield return "No test images compare the configurations: the choice is by validation alone.";
        else if (NoDifferenceTo.Count > 0) yield return $"No difference is shown to {Names(NoDifferenceTo)}{Faster()}.";
        foreach (string effect in StudyEffects.Of(results, finished)) yield return effect;
        if (finished.Where(i => i != Best).Select(i => results.Between(Best, i)?.Seeds)
            .Append(results.Plan.Study.Seeds.Count).Min() == 1)
            yield return "There is one seed only: others may turn this around.";
        if (left > 0)
            yield return $"{left} of the configurations {(left == 1 ? "is" : "are")} not finished and left out.";

        string Names(IReadOnlyList<int> all) =>
            string.Join("; ", all.Take(MostNamed).Select(i => results.Configurations[i].Configuration.Label))
                + (all.Count > MostNamed ? $"; and {all.Count - MostNamed} more" : "");

        string Faster()
        {
            ConfigurationResult fastest = results.Configurations[NoDifferenceTo.MinBy(i =>
                results.Configurations[i].Seconds.Mean)];
            return fastest.Seconds.Mean < ClearlyLess * best.Seconds.Mean
                ? $", of which {fastest.Configuration.Label} took the least time "
                    + $"({ValueText.Duration(fastest.Seconds.Mean)} instead of {ValueText.Duration(best.Seconds.Mean)})"
                : "";
        }
    }

    /// <summary>The options that tell the data of a group from that of the others.</summary>
    private static string DataOf(StudyResults results, int[] group, int[][] groups)
    {
        if (groups.Length == 1) return "";
        Recipe own = results.Configurations[group[0]].Recipe;
        IEnumerable<RecipeField> telling = ComparableRuns.Fields.Select(name => RecipeFields.Find(name)!)
            .Where(field => groups.Select(other => field.Read(results.Configurations[other[0]].Recipe)).Distinct()
                .Count() > 1);
        return string.Join(", ", telling.Select(field =>
            field.Name == "dataset" ? field.Read(own) : $"{field.Name} {field.Read(own)}"));
    }
}
