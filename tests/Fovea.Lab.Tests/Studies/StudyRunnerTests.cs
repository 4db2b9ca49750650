using System.Text.Json;
using System.Xml.Linq;
using Fovea.Core.Files;
using Fovea.Lab.Studies;
using Fovea.Lab.Tests.Support;
using Fovea.Training.Runs;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Lab.Tests.Studies;

public sealed class StudyRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyStudy _study = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_study_trains_each_cell_once_and_writes_its_results()
    {
        StudyPlan plan = TinyStudy.Plan(_folder.Path);
        Assert.Empty(_study.Run(plan));
        Assert.Equal(["softmax_seed=0", "linear_seed=0", "softmax_seed=1", "linear_seed=1"], _study.Trained);
        Assert.Empty(_study.Run(plan));
        Assert.Equal(4, _study.Trained.Count);   // nothing again

        string[] rows = File.ReadAllLines(_folder["study.csv"]);
        Assert.StartsWith("configuration,attention,seeds,test_accuracy,test_accuracy_std,", rows[0],
            StringComparison.Ordinal);
        Assert.Equal(["softmax", "softmax", "2"], rows[1].Split(',')[..3]);
        Assert.Equal(rows[0].Split(',').Length, rows[1].Split(',').Length);
        Assert.Contains("| linear | 2/2 |", File.ReadAllText(_folder["study.md"]), StringComparison.Ordinal);
        Assert.Matches(@"## Train, validation and test\s+\| configuration \| train loss \|(.|\n)*"
            + @"\| linear \| (\d\.\d{4} ± [^|]+ \| [\d.]+ ± [\d.]+ % \| ){2}", File.ReadAllText(_folder["study.md"]));

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder["study.json"]));
        Assert.True(json.RootElement.GetProperty("complete").GetBoolean());
        JsonElement linear = json.RootElement.GetProperty("configurations")[1];
        double[] values = [.. linear.GetProperty("test_accuracy").GetProperty("values").EnumerateArray()
            .Select(value => value.GetDouble())];
        double[] summaries = [.. plan.Cells.Where(cell => cell.Configuration.Label == "linear")
            .Select(cell => RunRecord.ReadSummary(cell.Run)!.TestAccuracy!.Value)];
        Assert.Equal(summaries, values);
        Assert.Equal(values.Average(), linear.GetProperty("test_accuracy").GetProperty("mean").GetDouble(), 12);
        Assert.Equal(0.7583, linear.GetProperty("published").GetDouble());
        JsonElement pair = json.RootElement.GetProperty("comparisons")[0];
        Assert.Equal(
            json.RootElement.GetProperty("configurations")[0].GetProperty("test_accuracy").GetProperty("mean")
                .GetDouble() - values.Average(),
            pair.GetProperty("difference").GetDouble(), 12);
    }

    [Fact]
    public void The_page_is_one_readable_file_with_figures_beside_it()
    {
        StudyPlan plan = TinyStudy.Plan(_folder.Path);
        _study.Run(plan);
        string page = File.ReadAllText(_folder["study.html"]);
        XDocument html = XDocument.Parse(page);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
        string[] links = [.. html.Descendants("a")
            .Select(link => Uri.UnescapeDataString(link.Attribute("href")!.Value))];
        Assert.Equal(4, links.Length);
        Assert.All(links, link => Assert.True(File.Exists(_folder[link]), link));
        Assert.Contains("75.83 %", page, StringComparison.Ordinal);
        foreach (string name in (string[])["test-accuracy", "accuracy", "accuracy-time", "step-latency",
            "accuracy-seconds"])
            foreach (string ending in (string[])[".svg", ".png", "-dark.svg", "-dark.png"])
                Assert.True(File.Exists(_folder[$"figures/{name}{ending}"]), name + ending);
    }

    [Fact]
    public void Side_by_side_or_interrupted_the_results_have_the_same_bits()
    {
        StudyPlan whole = TinyStudy.Plan(_folder["whole"]), parts = TinyStudy.Plan(_folder["parts"]);
        _study.Run(whole);
        _study.Instead = cell =>
        {
            // Dies in the middle of the second epoch, as if killed: nothing is saved but what the run has written by
            // then.
            if (cell.Seed == 1) return null;
            Assert.Throws<InvalidOperationException>(() => CellRun.Carry(
                cell.Recipe, new SilentObserver(step =>
                    { if (step.Step == 5) throw new InvalidOperationException("killed"); }), CancellationToken.None));
            return new CellOutcome();
        };
        _study.Run(parts, jobs: 2);
        Assert.Equal([false, false, true, true], parts.Cells.Select(cell => cell.IsFinished));
        _study.Instead = null;
        _study.Trained.Clear();
        _study.Run(parts, jobs: 2);
        Assert.Equal(["linear_seed=0", "softmax_seed=0"], _study.Trained.Order());
        Assert.All(whole.Cells.Zip(parts.Cells), two => Assert.Equal(Tensors(two.First), Tensors(two.Second)));
        Assert.All(whole.Cells.Zip(parts.Cells),
            two => Assert.Equal(File.ReadAllText(two.First.Run.Predictions),
                File.ReadAllText(two.Second.Run.Predictions)));
    }

    [Fact]
    public void A_cell_that_ended_before_its_first_checkpoint_begins_again()
    {
        StudyPlan plan = TinyStudy.Plan(_folder.Path);
        Directory.CreateDirectory(plan.Cells[0].Run.Path);
        File.WriteAllText(plan.Cells[0].Run.Config, Training.Recipes.RecipeFile.Print(plan.Cells[0].Recipe));
        Assert.Empty(_study.Run(plan));
        Assert.True(plan.Cells[0].IsFinished);
    }

    [Fact]
    public void Cells_of_a_changed_study_are_named_with_what_changed_and_what_to_do()
    {
        _study.Run(TinyStudy.Plan(_folder.Path));
        StudyPlan changed = TinyStudy.Plan(_folder.Path,
            TinyStudy.Yaml.Replace("epochs: 2", "epochs: 1", StringComparison.Ordinal)
                .Replace("seeds: [0, 1]", "seeds: [1, 2]", StringComparison.Ordinal));
        string message = Assert.Throws<UsageException>(() => _study.Run(changed)).Message;
        Assert.Contains(
            "changed since 2 of its 4 cells were trained; train them anew with `redo-stale`, take another `out`, or "
                + "undo the change.", message, StringComparison.Ordinal);
        Assert.Contains("softmax_seed=1: epochs (was 2, is now 1)", message, StringComparison.Ordinal);
        Assert.Equal(4, _study.Trained.Count);

        Assert.Empty(_study.Run(changed, redoStale: true));
        Assert.Equal(8, _study.Trained.Count);
        Assert.Equal(1, RunRecord.ReadSummary(changed.Cells[0].Run)!.Epochs);
    }

    [Fact]
    public void Threads_and_places_of_data_make_no_cell_stale()
    {
        _study.Run(TinyStudy.Plan(_folder.Path));
        Assert.Empty(_study.Run(
            TinyStudy.Plan(_folder.Path,
                TinyStudy.Yaml.Replace("log-every: 1,", "log-every: 3, threads: 1, workers: 2, data: elsewhere,",
                    StringComparison.Ordinal))));
        Assert.Equal(4, _study.Trained.Count);
    }

    [Fact]
    public void A_cell_of_a_newer_version_stops_the_study_before_it_begins()
    {
        StudyPlan plan = TinyStudy.Plan(_folder.Path);
        _study.Run(plan);
        string summary = plan.Cells[1].Run.Summary;
        File.WriteAllText(summary,
            File.ReadAllText(summary)
                .Replace($"\"version\": \"{Machine.Version}\"", "\"version\": \"99.1.0\"", StringComparison.Ordinal));
        Assert.Contains("made by fovea 99.1.0, which is newer than this one",
            Assert.Throws<CheckpointException>(() => _study.Run(plan)).Message, StringComparison.Ordinal);

        File.Delete(summary);
        File.AppendAllText(plan.Cells[1].Run.Config, "telepathy: true\n");
        Assert.Contains("telepathy: there is no such field; the run may be of a newer version",
            Assert.Throws<CheckpointException>(() => _study.Run(plan)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cell_that_cannot_be_read_is_named_and_hides_no_other()
    {
        StudyPlan plan = TinyStudy.Plan(_folder.Path);
        _study.Run(plan);
        StudyResults whole = StudyResults.Read(plan);
        foreach ((string file, string content, int failures) in ((string, string, int)[])[("summary.json", "{", 1),
            ("summary.json", "[]", 1), ("summary.json", "{\"test_accuracy\": 7}", 1),
            ("predictions.csv", "index\n1,x", 0)])
        {
            string damaged = Path.Combine(plan.Cells[0].Run.Path, file), before = File.ReadAllText(damaged);
            File.WriteAllText(damaged, content);
            StudyResults results = StudyResults.Read(plan);
            Assert.Single(results.Configurations[0].Finished);
            Assert.Equal(whole.Configurations[1].TestAccuracy.Values, results.Configurations[1].TestAccuracy.Values);
            string note = Assert.Single(StudyTable.Of(results).Notes,
                note => note.Contains("cannot be read and is left out", StringComparison.Ordinal));
            Assert.StartsWith("'softmax, seed 0' ", note, StringComparison.Ordinal);
            Assert.Contains(file, note, StringComparison.Ordinal);

            _study.Trained.Clear();
            Assert.Equal(Enumerable.Repeat(plan.Cells[0], failures), _study.Run(plan).Select(failed => failed.Cell));
            Assert.Empty(_study.Trained);
            AssertNamed(file);
            File.WriteAllText(damaged, before);
        }

        // A log or checkpoints that are damaged keep the results.
        File.WriteAllText(plan.Cells[0].Run.Metrics, "null\n{\"");
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(plan.Cells[0].Run.LastCheckpoint)!))
            File.WriteAllText(file, "damaged");
        Assert.Empty(_study.Run(plan));
        Assert.True(StudyResults.Read(plan).IsComplete);
    }

    private void AssertNamed(string file)
    {
        Assert.Contains("softmax, seed 0", File.ReadAllText(_folder["study.html"]), StringComparison.Ordinal);
        Assert.Contains(file, File.ReadAllText(_folder["study.html"]), StringComparison.Ordinal);
        Assert.Contains(file, File.ReadAllText(_folder["study.md"]), StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder["study.json"]));
        Assert.False(json.RootElement.GetProperty("complete").GetBoolean());
        JsonElement cell = json.RootElement.GetProperty("configurations")[0].GetProperty("cells")[0];
        Assert.Equal("unreadable", cell.GetProperty("state").GetString());
        Assert.Contains(file, cell.GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cell_that_diverged_lets_the_others_go_on_and_another_failure_does_not()
    {
        _study.Instead = cell => cell.Configuration.Label == "softmax" && cell.Seed == 0
            ? new CellOutcome("the loss is NaN", IsDiverged: true) : null;
        Assert.Equal("the loss is NaN", Assert.Single(_study.Run(TinyStudy.Plan(_folder["a"]))).Reason);
        Assert.Equal(4, _study.Trained.Count);
        Assert.Contains("The study is not complete.", File.ReadAllText(_folder["a/study.md"]),
            StringComparison.Ordinal);

        _study.Trained.Clear();
        _study.Instead = _ => new CellOutcome("no space left on device");
        Assert.Single(_study.Run(TinyStudy.Plan(_folder["b"])));
        Assert.Single(_study.Trained);
    }

    [Fact]
    public void Two_processes_do_not_work_on_one_study()
    {
        StudyPlan plan = TinyStudy.Plan(_folder.Path);
        using DirectoryLock other = DirectoryLock.Take(_folder.Path, "study");
        Assert.Contains("another process works on the study",
            Assert.Throws<UsageException>(() => _study.Run(plan)).Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, float[]> Tensors(StudyCell cell)
    {
        using SafetensorsReader file = SafetensorsReader.Open(cell.Run.LastCheckpoint);
        Dictionary<string, float[]> tensors = [];
        foreach (SafetensorsEntry entry in file.Entries) file.Read(entry, tensors[entry.Name] = new float[entry.Count]);
        return tensors;
    }
}
