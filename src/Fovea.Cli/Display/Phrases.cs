using System.Globalization;
using Fovea.Cli.Options;
using Fovea.Lab.Studies;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>Numbers and sentences as people read them.</summary>
internal static class Phrases
{
    public static string Percent(double? share) => share is double value ? Invariant($"{100 * value:0.0} %") : "-";

    public static string Loss(double? loss) => loss is double value ? Invariant($"{value:0.0000}") : "-";

    public static string Rate(double rate) => Invariant($"{rate:G3}");

    /// <summary>A rate to two digits, as it is typed.</summary>
    public static string Round(double rate) => Invariant($"{rate:G2}");

    public static string Count(double count) => Invariant($"{count:#,0}");

    /// <summary>"1 thread", "2 threads".</summary>
    public static string Plural(double count, string one, string? many = null) =>
        $"{Count(count)} {(count == 1 ? one : many ?? one + "s")}";

    public static string Duration(double seconds) => Duration(TimeSpan.FromSeconds(seconds));

    public static string Cached(int done, int total) => $"{Count(done)} of {Count(total)} images decoded and kept";

    /// <summary>1:02:03, 2:03 or 3.1 s.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => Invariant($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}"),
        { TotalSeconds: >= 60 } => Invariant($"{time.Minutes}:{time.Seconds:00}"),
        _ => Invariant($"{time.TotalSeconds:0.0} s"),
    };

    /// <summary>Other measurements: <c>teacher entropy 6.2034</c>; empty where nothing was.</summary>
    public static string Measures(IReadOnlyDictionary<string, double>? measures) => string.Join("  ",
        (measures ?? new Dictionary<string, double>()).Select(entry => $"{Words(entry.Key)} {Loss(entry.Value)}"));

    /// <summary>A name of <c>metrics.jsonl</c> in words.</summary>
    public static string Words(string name) => name.Replace('_', ' ');

    /// <summary>The plan of a run, one line a subject.</summary>
    public static IEnumerable<(string Subject, string Text)> Describe(RunPlan plan, DateTimeOffset started,
        string command = "", IReadOnlyList<string>? idle = null)
    {
        Recipe recipe = plan.Recipe;
        OptimisationSection how = recipe.Optimisation;
        double warmup = recipe.Schedule.WarmupEpochs ?? 0;
        if (command.Length > 0) yield return ("command", command);
        yield return ("model",
            $"{recipe.Model.Name}, {Count(plan.Parameters)} parameters, "
            + (recipe.Model.Attention is { } attention ? $"{attention} attention, " : "")   // residual networks: none
            + $"{recipe.Model.ImageSize} px");
        if (plan.Weights is { } weights) yield return ("weights", $"{weights}");
        yield return ("data",
            $"{recipe.Data.Dataset}: {Count(plan.Images.Train)} training, {Count(plan.Images.Validation)} validation, "
            + $"{Count(plan.Images.Test)} test images; augmentation {recipe.Data.Augmentation}");
        if (RecipeText.Pretraining(recipe) is { Length: > 0 } method) yield return ("method", method);
        else yield return ("classes", Classes(plan.ClassNames));
        foreach (string note in plan.DatasetNotes) yield return ("note", OptionNames.Of(note));
        yield return ("training",
            $"{Plural(how.Epochs, "epoch")} of {Plural(plan.StepsPerEpoch, "step")}, effective batch "
                + $"{how.BatchSize}{Ranks(plan)}, "
            + $"{how.Optimizer.Word()}, lr {RecipeText.Rate(recipe)} ({recipe.Schedule.Form}, "
            + $"warm-up {Rate(warmup)} {(warmup == 1 ? "epoch" : "epochs")}), seed {recipe.Run.Seed}");
        if (RecipeText.Update(recipe) is { Length: > 0 } update) yield return ("update", update);
        if (RecipeText.Loss(recipe) is { Length: > 0 } loss) yield return ("loss", loss);
        if (RecipeText.Regularisation(plan.Used ?? recipe) is { Length: > 0 } measures)
            yield return ("measures", measures);
        if (RecipeText.Teacher(recipe) is { Length: > 0 } teacher) yield return ("teacher", teacher);
        if (RecipeText.SemiSupervised(recipe) is { Length: > 0 } semi) yield return ("semi", semi);
        foreach (string line in (idle ?? []).Concat(plan.Idle)) yield return ("idle", OptionNames.Of(line));
        yield return ("machine", $"fovea {Machine.Version}, {Machine.Processors}{Device(recipe.Run)}");
        yield return ("run", (plan.StepsDone == 0 ? plan.Directory
            : $"{plan.Directory}, resumed after step {Count(plan.StepsDone)}")
                + Invariant($", {started:yyyy-MM-dd HH:mm}"));
    }

    /// <summary>Shards of a batch and the ranks that compute them, if not one process alone.</summary>
    private static string Ranks(RunPlan plan) => plan.Recipe.Optimisation.Shards is not > 1 ? ""
        : $" in {plan.Recipe.Optimisation.Shards} shards" + (plan.Ranks is string ranks ? $" on {ranks}" : "");

    /// <summary>Device and precision of a run, if not as usual.</summary>
    private static string Device(RunSection run) => (run.Device == "cpu" ? "" : $", device {run.Device}")
        + (run.Precision == Tensors.Precision.Fp32 ? "" : $", {run.Precision.ToString().ToLowerInvariant()}");

    /// <summary>Number of classes, and the first of their names.</summary>
    public static string Classes(IReadOnlyList<string> names)
    {
        const int Most = 8;
        string rest = names.Count > Most ? $" and {Count(names.Count - Most)} more" : "";
        return $"{Count(names.Count)}: {string.Join(", ", names.Take(Most))}{rest}";
    }

    /// <summary>The end of a run, one line a subject.</summary>
    public static IEnumerable<(string Subject, string Text)> Describe(RunSummary summary, string directory,
        bool isPretraining = false)
    {
        string precision = summary.TestMap is double map ? $", mAP {Percent(map)}" : "";
        string? weights = summary.BestEpoch is int epoch
            ? $"epoch {epoch}" + (summary.BestValMap is double most ? $" (best validation mAP, {Percent(most)})"
                : summary.BestValAccuracy is double best ? $" (best validation accuracy, {Percent(best)})" : "")
            : null;
        if (isPretraining) yield return ("weights", Path.Combine(directory, "checkpoints", "best.safetensors"));
        else if (summary.TestAccuracy is null) yield return ("test", "none, as there are no test images"
            + (weights is null ? "" : $"; the best weights are those of {weights}"));
        else yield return ("test", $"accuracy {Percent(summary.TestAccuracy)}, loss {Loss(summary.TestLoss)}{precision}"
            + (weights is null ? "" : $" with the weights of {weights}"));
        string processor = summary.ProcessorSeconds is double used ? $" ({Duration(used)} of processor time)" : "";
        yield return ("time", $"{Duration(summary.Seconds)}{processor}, {Count(summary.ImagesPerSecond)} images/s in "
            + $"training, peak memory {ByteSize.Text(summary.PeakMemoryBytes)}");
        if (summary.SkippedImages is > 0 and int skipped)
            yield return ("skipped",
                $"{Count(skipped)} unreadable "
                    + $"{(skipped == 1 ? "image, replaced by another" : "images, replaced by others")}");
        yield return ("report", Path.Combine(directory, "report.html"));
    }

    /// <summary>The plan of a study.</summary>
    public static string Describe(StudyPlan plan, int finished) =>
        $"{plan.Study.Name}: {Plural(plan.Configurations.Count, "configuration")} x "
            + $"{Plural(plan.Study.Seeds.Count, "seed")} = {Plural(plan.Cells.Count, "cell")}"
        + (finished > 0 ? $", {finished} finished before" : "") + $"; {plan.Directory}";

    /// <summary>The end of a cell.</summary>
    public static string Describe(CellOutcome outcome, RunSummary? summary) => outcome.Failure is string reason
        ? $"failed: {reason}"
        : summary is { TestAccuracy: null } ? $"no test images, {Duration(summary.Seconds)}"
        : summary is not null ? $"test accuracy {Percent(summary.TestAccuracy)}, {Duration(summary.Seconds)}"
        : "stopped";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
