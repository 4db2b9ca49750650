using System.Text.Json;
using Fovea.Lab.Studies;
using Fovea.Lab.Tests.Support;

namespace Fovea.Lab.Tests.Studies;

/// <summary>What studies recommend whose results are known.</summary>
public sealed class RecommendationTests : IDisposable
{
    private const int Images = 400;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_best_by_validation_is_better_than_those_that_test_images_tell_apart()
    {
        StudyResults results = Results("vary: { schedule: [cosine, linear, constant] }",
            ("cosine", 0.81, 0.80), ("linear", 0.80, 0.795), ("constant", 0.60, 0.55));
        Recommendation found = Assert.Single(Recommendation.Of(results));
        Assert.Equal((0, "2", "1", ""), (found.Best, Join(found.BetterThan), Join(found.NoDifferenceTo),
            Join(found.WorseThan)));
        Assert.Equal([
            "Recommended: cosine, the best by validation accuracy (81.00 ± 0.00 %, test accuracy 80.00 ± 0.00 %).",
            "On test images it is shown to be better than constant.", "No difference is shown to linear."],
            found.Sentences);
    }

    [Fact]
    public void Test_images_choose_nothing_but_are_told_where_they_disagree()
    {
        StudyResults results = Results("vary: { schedule: [cosine, linear] }",
            ("cosine", 0.70, 0.50), ("linear", 0.69, 0.80));
        Recommendation found = Assert.Single(Recommendation.Of(results));
        Assert.Equal((0, "1"), (found.Best, Join(found.WorseThan)));
        Assert.Contains("Test images disagree: linear is shown to be better there.", found.Sentences);
    }

    [Fact]
    public void Of_equals_the_fastest_is_named()
    {
        StudyResults results = Results("vary: { schedule: [cosine, linear] }",
            ("cosine", 0.81, 0.80), ("linear", 0.80, 0.80));
        Assert.Equal("No difference is shown to linear.", Recommendation.Of(results)[0].Sentences[^1]);
        results = Results("vary: { schedule: [cosine, linear] }", seconds: i => 100 - 60 * i,
            ("cosine", 0.81, 0.80), ("linear", 0.80, 0.80));
        Assert.Equal("No difference is shown to linear, of which linear took the least time (40 s instead of "
            + "1 min 40 s).", Recommendation.Of(results)[0].Sentences[^1]);
    }

    [Fact]
    public void Options_that_vary_beside_each_other_are_told_one_by_one_over_the_same_rest()
    {
        StudyResults results = Results(
            "vary: { schedule: [cosine, constant], lr: [0.001, 0.01, 0.1] }\n"
                + "exclude: [{ schedule: constant, lr: 0.1 }]",
            ("cosine, lr 0.001", 0.8, 0.8), ("cosine, lr 0.01", 0.7, 0.7), ("cosine, lr 0.1", 0.1, 0.1),
            ("constant, lr 0.001", 0.6, 0.6), ("constant, lr 0.01", 0.4, 0.4));
        Assert.Contains("By schedule, validation accuracy over 2 combinations of the rest: cosine 75.00 %; constant "
            + "50.00 %.", Recommendation.Of(results)[0].Sentences);
        Assert.DoesNotContain(Recommendation.Of(results)[0].Sentences, line => line.StartsWith("By lr"));
    }

    [Fact]
    public void Each_share_of_the_data_has_one_of_its_own()
    {
        StudyResults results = Results("vary: { model: [vit-nano, vit], train-fraction: [0.5, 1] }",
            ("vit-nano, train-fraction 0.5", 0.6, 0.6), ("vit, train-fraction 0.5", 0.4, 0.4),
            ("vit-nano, train-fraction 1", 0.7, 0.7), ("vit, train-fraction 1", 0.9, 0.9));
        Assert.Equal(["Recommended for train-fraction 0.5: vit-nano, train-fraction 0.5,",
            "Recommended for train-fraction 1: vit, train-fraction 1,"],
            Recommendation.Of(results).Select(one => one.Sentences[0].Split(" the best")[0]));
    }

    [Fact]
    public void What_is_not_finished_is_left_out_and_said_and_alone_nothing_is_recommended()
    {
        StudyResults results = Results("vary: { schedule: [cosine, linear, constant] }",
            ("cosine", 0.5, 0.5), ("linear", 0.6, 0.6));
        Recommendation found = Assert.Single(Recommendation.Of(results));
        Assert.Equal(1, found.Best);
        Assert.Equal("1 of the configurations is not finished and left out.", found.Sentences[^1]);
        Assert.Empty(Recommendation.Of(Results("vary: { schedule: [step, one-cycle] }", ("step", 0.5, 0.5))));
        Assert.Empty(Recommendation.Of(results with { IsCompared = false }));
    }

    [Fact]
    public void A_single_seed_is_said_to_be_one()
    {
        StudyResults results = Results("vary: { schedule: [cosine, linear] }\nseeds: [4]",
            ("cosine", 0.8, 0.8), ("linear", 0.2, 0.2));
        Assert.Equal("There is one seed only: others may turn this around.",
            Recommendation.Of(results)[0].Sentences[^1]);
    }

    [Fact]
    public void Page_table_and_file_for_programs_tell_it()
    {
        StudyResults results = Results("vary: { schedule: [cosine, linear] }",
            ("cosine", 0.81, 0.80), ("linear", 0.60, 0.55));
        StudyOutputs.Write(results, figures: false);
        string sentence = "Recommended: cosine, the best by validation accuracy";
        Assert.Contains($"## Recommendation\n\n{sentence}", File.ReadAllText(_folder["study.md"]));
        Assert.Contains(sentence, File.ReadAllText(_folder["study.html"]));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder["study.json"]));
        JsonElement one = Assert.Single(json.RootElement.GetProperty("recommendations").EnumerateArray());
        Assert.Equal(("cosine", "linear", 0), (one.GetProperty("configuration").GetString(),
            one.GetProperty("better_than")[0].GetString(), one.GetProperty("no_difference_to").GetArrayLength()));
    }

    private static string Join(IEnumerable<int> numbers) => string.Join(',', numbers);

    private StudyResults Results(string yaml, params ReadOnlySpan<(string Label, double Val, double Test)> outcomes) =>
        Results(yaml, _ => 100, outcomes);

    /// <summary>A study whose cells have these accuracies with every seed. Images that one gets right, a better one
    /// gets right too.</summary>
    private StudyResults Results(string yaml, Func<int, double> seconds,
        params ReadOnlySpan<(string Label, double Val, double Test)> outcomes)
    {
        foreach (string old in Directory.GetDirectories(_folder.Path)) Directory.Delete(old, recursive: true);
        StudyPlan plan = TinyStudy.Plan(_folder.Path, "base: { dataset: shapes, image-size: 8 }\n"
            + (yaml.Contains("seeds") ? "" : "seeds: [0, 1, 2]\n") + yaml);
        foreach ((string label, double validation, double test) in outcomes)
            foreach (StudyCell cell in plan.Cells.Where(cell => cell.Configuration.Label == label))
                FinishedCell.Write(cell, validation, i => i < test * Images, Images,
                    seconds(plan.Configurations.ToList().IndexOf(cell.Configuration)));
        return StudyResults.Read(plan);
    }
}
