using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data.Datasets.Splits;
using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training.Pretrained;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea probe</c>: k-NN and linear classifiers on a frozen model's features.</summary>
internal static class ProbeCommand
{
    /// <summary>Fields that may differ from the preset or from the run.</summary>
    private static readonly string[] ModelFields = ["attention", "attention-gate", "embedding", "position",
        "position-grid", "dim", "depth", "heads", "head-dim", "mlp-ratio", "mlp", "norm", "qk-norm", "parallel-blocks",
        "layer-scale", "registers", "pooling", "patch-size", "image-size", "allow-partial"];

    /// <summary>Fields that choose the images, as in training.</summary>
    private static readonly string[] DataFields = ["dataset", "data", "val-share", "classes", "train-fraction",
        "train-limit", "eval-limit", "skip-bad", "max-pixels", "workers", "seed", "split-seed"];

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string?> run = Make.Model();
        Option<string?> weights = Make.Text("--weights", "RUN|FILE", "The same as RUN");
        Option<string?> model = Make.Text("--model", "NAME",
            "Preset; the run's, or the one that the weights are of, unless given");
        RecipeOption[] parts = Options(ModelFields), fields = Options(DataFields);
        Option<int[]> neighbours = Make.List("--k", SizeForms.Count, [10, 20, 100, 200],
            "Numbers of neighbours that vote");
        Option<double> temperature = Make.Of("--temperature", ValueForm.Real(new Interval(1e-3, 1e3)), 0.07,
            "Temperature of the votes; smaller ones listen to the nearest");
        Option<int> epochs = Make.Of("--epochs", SizeForms.Epochs, 30,
            "Passes of the linear classifiers over the training features");
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 64, "Images at a time", "-b");
        Option<string> device = Make.Device();
        Option<Precision> precision = Make.Precision();
        Option<int?> threads = Make.Maybe("--threads", SizeForms.Threads,
            "Threads that compute; all cores unless given");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("probe",
            "Probe a trained model's features on a dataset: nearest neighbours and linear classification, with nothing "
                + "of the model trained.")
        {
            run, weights, model, neighbours, temperature, epochs, batchSize, device, precision, threads,
            json,
        };
        foreach (RecipeOption field in parts.Concat(fields)) command.Add(field);
        command.SetAction(parsed =>
        {
            Device place = Device.Open(parsed.GetRequiredValue(device), parsed.GetValue(threads),
                parsed.GetValue(precision));
            string path = Make.ModelOf(parsed, run, parsed.GetValue(weights));
            ListedWeights? listed = PublishedFiles.Ensure(path, terminal, stop);
            FrozenModel frozen = FrozenModel.Load(path, parsed.GetValue(model) ?? listed?.Preset, place,
                recipe => RecipeOption.Apply(recipe, parts, parsed));
            bool IsGiven(string name) =>
                fields.Any(field => field.Field.Name == name && field.Given(parsed) is not null);
            Recipe recipe = RecipeOption.Apply(Of(frozen.Recipe, IsGiven("dataset")), fields, parsed);
            if (recipe.Data.Directory is string directory && IsGiven("data") && !IsGiven("dataset"))
                recipe = recipe with { Data = DatasetChoice.From(recipe.Data, directory) };
            DatasetSplits data = DatasetChoice.Load(recipe);
            foreach (string note in data.Notes) terminal.Error.WriteLine($"fovea: note: {OptionNames.Of(note)}");
            ProbeResult result = Probe.Run(frozen, data, new ProbeOptions
            {
                Neighbours = parsed.GetRequiredValue(neighbours),
                Temperature = parsed.GetValue(temperature),
                Epochs = parsed.GetValue(epochs),
                BatchSize = parsed.GetValue(batchSize),
                Seed = recipe.Run.Seed,
            }, place, stop);
            if (parsed.GetValue(json)) terminal.Output.Document(result);
            else Print(terminal.Console, result);
            return ExitCode.Success;
        });
        return command;
    }

    private static RecipeOption[] Options(string[] names) =>
        [.. RecipeFields.All.Where(field => names.Contains(field.Name)).Select(field =>
            new RecipeOption(field))];

    /// <summary>The images that the model was trained on, parted as they were, or, where another dataset is named,
    /// nothing of what was said about those.</summary>
    private static Recipe Of(Recipe training, bool others) => training with
    {
        Data = others ? new() : training.Data with { SplitSeed = training.SplitSeed },
    };

    private static void Print(IAnsiConsole console, ProbeResult result)
    {
        Tables table = Tables.Create("probe", "!setting", ">held-out", ">test top-1");
        foreach (NeighbourResult entry in result.Neighbours)
            table.AddRow(Cell.Name("k-NN"), new Cell($"k = {entry.K}"), new Cell("-"),
                new Cell(Phrases.Percent(entry.TestAccuracy)));
        LinearProbeResult linear = result.Linear;
        table.AddRow(
            Cell.Name("linear"), new Cell(
                $"lr {Phrases.Rate(linear.LearningRate)}, weight decay {Phrases.Rate(linear.WeightDecay)}"),
            new Cell(Phrases.Percent(linear.HeldOutAccuracy)), new Cell(Phrases.Percent(linear.TestAccuracy)));
        console.Write(table);
        console.Line(
            $"{result.Model} on {result.Dataset}: {Phrases.Count(result.Features)} features of "
                + $"{Phrases.Count(result.Images.Train)} training, "
            + $"{Phrases.Count(result.Images.HeldOut)} held-out and {Phrases.Count(result.Images.Test)} test images");
    }
}
