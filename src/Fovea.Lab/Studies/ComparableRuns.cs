using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>Compares the configurations that can be compared.</summary>
internal static class ComparableRuns
{
    /// <summary>Options that say what is learned from and tested on: those who differ in one are no rivals.</summary>
    public static IReadOnlyList<string> Fields { get; } = ["dataset", "data", "labels", "classes", "train-fraction",
        "train-limit", "labels-per-class", "val-share", "copies", "eval-limit"];

    /// <summary>Numbers of the configurations that learn from the same images and labels as number
    /// <paramref name="number"/>.</summary>
    public static IReadOnlyList<int> Group(IReadOnlyList<ConfigurationResult> all, int number)
    {
        string own = Task(all[number]);
        return [.. Enumerable.Range(0, all.Count).Where(other => Task(all[other]) == own)];
    }

    /// <summary>Compares all rivals, two by two, over the seeds that both have finished.</summary>
    public static IReadOnlyList<Comparison> Compare(IReadOnlyList<ConfigurationResult> all)
    {
        Dictionary<ulong, Test>[] tests = [.. all.Select(one => one.Finished
            .ToDictionary(cell => cell.Cell.Seed, cell => new Test(TestPredictions.Read(cell.Cell.Run))))];
        RunPair[][] groups = [.. Enumerable.Range(0, all.Count).GroupBy(i => Task(all[i]))
            .Select(group => Pairs([.. group], tests).ToArray())];
        int resamples = PairedBootstrap.Resamples(groups.Sum(pairs => pairs.Length));
        return [.. groups.SelectMany(pairs => PairedBootstrap.Compare(pairs, resamples))];
    }

    private static IEnumerable<RunPair> Pairs(int[] group, Dictionary<ulong, Test>[] tests)
    {
        for (int i = 0; i < group.Length; i++)
            foreach (int other in group[(i + 1)..])
            {
                Dictionary<ulong, Test> a = tests[group[i]], b = tests[other];
                ulong[] seeds = [.. a.Keys.Where(b.ContainsKey)];
                if (seeds.Length > 0 && a[seeds[0]].Right.Length > 0
                    && seeds.All(seed => a[seed].Right.Length == a[seeds[0]].Right.Length
                        && a[seed].Predictions.AreOfTheImagesOf(b[seed].Predictions)))
                    yield return new(group[i], other, [.. seeds.Select(seed => (a[seed].Right, b[seed].Right))]);
            }
    }

    private static string Task(ConfigurationResult one) =>
        string.Join('\n', Fields.Select(name => RecipeFields.Find(name)!.Read(one.Recipe)));

    private sealed class Test(TestPredictions test)
    {
        public TestPredictions Predictions => test;

        public bool[] Right { get; } = [.. test.Labels.Zip(test.Predicted, (label, taken) => label == taken)];
    }
}
