using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Formats;
using Fovea.Training.Models;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea predict RUN [FILE|DIR...]</c>: the most probable classes of images.</summary>
internal static class PredictCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<int> top = Make.Of("--top", SizeForms.Count, 3, "Classes to show");
        Option<double?> threshold = Make.Maybe("--threshold", ValueForm.Real(Interval.Share),
            "Of a model that gives several classes: show those of at least this probability, in place of the first "
                + "few; 0.5 unless given");
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 32, "Images at a time", "-b");
        Option<bool> csv = Make.Switch("--csv", "One row per image as CSV on standard output");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("predict",
            "Classify images with a trained model. An image that cannot be read is named and costs no other; the exit "
                + "code is 1 then.");
        ModelSource source = new(command, terminal.Error, PublishedFiles.On(terminal));
        ImageChoice choice = new(command, terminal.Error, terminal.Input);
        foreach (Option option in new Option[] { top, threshold, batchSize, csv, json }) command.Add(option);
        command.SetAction(parsed =>
        {
            choice.Check(parsed, source);
            if (parsed.GetValue(csv) && parsed.GetValue(json))
                throw new UsageException("predict: --csv or --json, not both.");
            TrainedModel model = source.Model(parsed);
            if (parsed.GetValue(threshold) is not null && !model.Head.Data.IsMultiLabel)
                throw new UsageException(
                    $"--threshold: '{model.Path}' gives an image one class; --top says how many are shown.");
            if (model.Head.Data.IsMultiLabel && parsed.GetResult(top) is { Implicit: false })
                throw new UsageException(
                    $"--top: '{model.Path}' gives an image several classes; --threshold says which are shown.");
            double? least = model.Head.Data.IsMultiLabel ? parsed.GetValue(threshold) ?? 0.5 : null;
            ChosenImages chosen = choice.Open(parsed, source, model);
            List<Prediction> predictions = [];
            foreach (double[] shares in model.PredictEach(chosen.Images, parsed.GetValue(batchSize)))
                predictions.Add(Of(chosen, predictions.Count, model, shares, parsed.GetValue(top), least));
            if (parsed.GetValue(json))
                terminal.Output.Document(new
                {
                    Checkpoint = model.Path,
                    model.Head.Data.ClassNames,
                    Predictions = predictions,
                });
            else if (parsed.GetValue(csv)) terminal.Output.Write(Csv(predictions));
            else Print(terminal.Console, predictions, model.Head.Data.IsMultiLabel);
            return choice.Complain(chosen);
        });
        return command;
    }

    private static Prediction Of(ChosenImages chosen, int image, TrainedModel model, double[] probabilities, int top,
        double? least)
    {
        (string name, string? truth) = (chosen.Names[image], chosen.Truths[image]);
        if (chosen.Images.Errors.TryGetValue(image, out DataException? error))
            return new(name, truth, [], OptionNames.Message(error));
        return new(name, truth,
        [
            .. Enumerable.Range(0, probabilities.Length).OrderByDescending(label => probabilities[label])
                .Take(least is null ? top : probabilities.Count(share => share >= least))
                .Select(label => new ClassProbability(model.Head.Data.ClassNames[label], probabilities[label])),
        ], null);
    }

    /// <summary>One row per image: the classes, the most probable first, each with its probability.</summary>
    private static string Csv(List<Prediction> predictions)
    {
        int most = Math.Max(1, predictions.Max(one => one.Classes.Count));
        IEnumerable<string> places = Enumerable.Range(1, most).Select(i => i == 1 ? "" : $"_{i}");
        StringWriter text = new() { NewLine = "\n" };
        text.WriteLine(string.Join(',', (string[])["image", "truth",
            .. places.SelectMany(place => (string[])[$"class{place}", $"probability{place}"]), "error"]));
        foreach (Prediction one in predictions)
        {
            IEnumerable<string> classes = one.Classes.SelectMany(entry => (string[])[CsvText.Cell(entry.Name),
                entry.Probability.ToString("0.######", CultureInfo.InvariantCulture)]);
            IEnumerable<string> missing = Enumerable.Repeat("", 2 * (most - one.Classes.Count));
            text.WriteLine(string.Join(',', (string[])[CsvText.Cell(one.Image), CsvText.Cell(one.Truth ?? ""),
                .. classes, .. missing, CsvText.Cell(one.Error ?? "")]));
        }

        return text.ToString();
    }

    private static void Print(IAnsiConsole console, List<Prediction> predictions, bool several)
    {
        bool hasTruth = predictions.Any(one => one.Truth is not null);
        Tables table = Tables.Create(hasTruth ? ["image", "truth", "~prediction"] : ["image", "~prediction"]);
        foreach (Prediction one in predictions.Where(one => one.Error is null))
        {
            Cell classes = Classes(one, several);
            if (hasTruth) table.AddRow(Cell.Name(one.Image), new Cell(one.Truth ?? ""), classes);
            else table.AddRow(Cell.Name(one.Image), classes);
        }

        if (table.Count > 0) console.Write(table);
    }

    private static Cell Classes(Prediction prediction, bool several)
    {
        if (prediction.Classes.Count == 0) return new Cell("none");
        ClassProbability best = prediction.Classes[0];
        bool isWrong = prediction.Truth is string truth && truth != best.Name
            && !(several && truth.Split("; ").Contains(best.Name));
        string rest = string.Concat(prediction.Classes.Skip(1)
            .Select(entry => $"   {Named(entry)}"));
        return new Cell(Named(best), new Style(isWrong ? Color.Red : Color.Green), rest);
    }

    /// <summary>Name and probability on one line.</summary>
    private static string Named(ClassProbability entry) =>
        $"{entry.Name}{WordWrap.Firm}{Phrases.Percent(entry.Probability)}";

    private sealed record ClassProbability(string Name, double Probability);

    private sealed record Prediction(string Image, string? Truth, IReadOnlyList<ClassProbability> Classes,
        string? Error);
}
