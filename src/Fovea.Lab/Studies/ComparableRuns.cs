using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>Compares the configurations that can be compared.</summary>
internal static class ComparableRuns
{
    /// <summary>Numbers of the configurations that learn from the same share of the same classes of the same dataset as
    /// number <paramref name="number"/>.</summary>
    public static IReadOnlyList<int> Group(IReadOnlyList<ConfigurationResult> all, int number) =>
        [.. Enumerable.Range(0, all.Count).Where(other => Task(all[other]) == Task(all[number]))];

    /// <summary>Compares all rivals over the seeds that all of them have finished.</summary>
    public static IReadOnlyList<Comparison> Compare(IReadOnlyList<ConfigurationResult> all)
    {
        List<Comparison> comparisons = [];
        foreach (int[] group in Enumerable.Range(0, all.Count).Where(i => all[i].Finished.Count > 0)
            .GroupBy(i => Task(all[i])).Select(group => group.ToArray()))
        {
            ulong[] seeds = [.. group.Select(i => all[i].Finished.Select(cell => cell.Cell.Seed))
                .Aggregate((common, own) => common.Intersect(own))];
            TestPredictions[][] tests = [
                .. group.Select(i => seeds.Select(seed => Predictions(all[i], seed)).ToArray())];
            if (seeds.Length == 0 || !AreOfTheSameImages(tests)) continue;
            IReadOnlyList<IReadOnlyList<bool[]>> right = [
                .. tests.Select(runs => (IReadOnlyList<bool[]>)[.. runs.Select(Right)])];
            comparisons.AddRange(PairedBootstrap.Compare(right)
                .Select(pair => pair with { A = group[pair.A], B = group[pair.B] }));
        }

        return comparisons;
    }

    private static (string?, string?, string?, double, int?, int?) Task(ConfigurationResult one)
    {
        var data = one.Recipe.Data;
        return (data.Dataset, data.Directory, data.Classes, data.TrainFraction, data.TrainLimit, data.EvaluationLimit);
    }

    private static TestPredictions Predictions(ConfigurationResult one, ulong seed) =>
        TestPredictions.Read(one.Finished.Single(cell => cell.Cell.Seed == seed).Cell.Run);

    /// <summary>All have as many images, and with one seed the same labels in the same order.</summary>
    private static bool AreOfTheSameImages(TestPredictions[][] tests) =>
        tests.All(runs => runs.Zip(tests[0],
            (own, first) => own.Labels.SequenceEqual(first.Labels) && own.Count == tests[0][0].Count)
                .All(same => same));

    private static bool[] Right(TestPredictions test) =>
        [.. test.Labels.Zip(test.Predicted, (label, taken) => label == taken)];
}
