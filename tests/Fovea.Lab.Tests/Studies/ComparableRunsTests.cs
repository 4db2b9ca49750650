using System.Text.Json;
using Fovea.Lab.Studies;
using Fovea.Lab.Tests.Support;

namespace Fovea.Lab.Tests.Studies;

/// <summary>What of a study is compared, and over which seeds.</summary>
public sealed class ComparableRunsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_pair_is_compared_over_the_seeds_that_both_have_whatever_others_lack()
    {
        Comparison alone = Assert.Single(Results("two", "cosine, linear").Comparisons);
        StudyResults results = Results("three", "cosine, linear, constant", missing: "constant_seed=1");
        Comparison pair = results.Between(0, 1)!;
        Assert.Equal((alone.Difference, alone.Low, alone.High, alone.P, 2),
            (pair.Difference, pair.Low, pair.High, pair.P, pair.Seeds));
        Assert.Equal((1, 1), (results.Between(0, 2)!.Seeds, results.Between(2, 1)!.Seeds));

        StudyTable table = StudyTable.Of(results);
        Assert.Equal([false, false, true], table.Rows.Select(row => row.Any(cell => cell.EndsWith(" (1 seed)"))));
        Assert.Contains(table.Notes, note => note.Contains("over seeds and test images, 10,000 resamples"));
        Assert.Contains(table.Notes, note => note.Contains("Differences are over the seeds that both have finished"));
        StudyOutputs.Write(results, figures: false);
        Assert.Contains(" (1 seed)<br/>", File.ReadAllText(_folder["three/study.html"]));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder["three/study.json"]));
        Assert.Equal([2, 1, 1], json.RootElement.GetProperty("comparisons").EnumerateArray()
            .Select(one => one.GetProperty("seeds").GetInt32()));
        Assert.Equal(10_000, json.RootElement.GetProperty("bootstrap").GetProperty("resamples").GetInt32());
        Assert.DoesNotContain(Recommendation.Of(results)[0].Sentences, line => line.Contains("one seed only"));
    }

    [Fact]
    public void Over_one_common_seed_nothing_is_said_of_seeds()
    {
        StudyResults results = Results("one", "cosine, linear", missing: "linear_seed=0");
        Assert.Contains(StudyTable.Of(results).Notes, note => note.Contains("paired bootstrap over test images"));
    }

    [Theory]
    [InlineData("labels-per-class: [10, 20]")]
    [InlineData("val-share: [0.1, 0.2]")]
    [InlineData("copies: [once, keep]")]
    [InlineData("train-fraction: [0.5, 1]")]
    public void Those_who_learn_from_other_images_or_labels_are_no_rivals(string axis)
    {
        StudyResults results = Results("data", "cosine, linear", axis);
        Assert.Equal([(0, 2), (1, 3)], results.Comparisons.Select(pair => (pair.A, pair.B)));
        string name = axis.Split(':')[0];
        Assert.All(Recommendation.Of(results), one => Assert.StartsWith($"Recommended for {name} ", one.Sentences[0]));
        Assert.Equal(2, Recommendation.Of(results).Count);
    }

    /// <summary>A study over two seeds whose cells are finished, some images right with each.</summary>
    private StudyResults Results(string name, string schedules, string axis = "", string missing = "none")
    {
        StudyPlan plan = TinyStudy.Plan(_folder[name], "base: { dataset: shapes, image-size: 8 }\nseeds: [0, 1]\n"
            + $"vary: {{ schedule: [{schedules}]{(axis.Length > 0 ? $", {axis}" : "")} }}");
        foreach (StudyCell cell in plan.Cells.Where(cell => cell.Name != missing))
        {
            Philox random = Philox.For(cell.Seed, cell.Configuration.Label);
            double accuracy = cell.Configuration.Label == "constant" ? 0.5 : 0.7;
            FinishedCell.Write(cell, 0.5, i => random.Uniform((ulong)i) < accuracy, images: 300);
        }

        return StudyResults.Read(plan);
    }
}
