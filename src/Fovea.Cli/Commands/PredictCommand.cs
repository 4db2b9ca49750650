using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Formats;
using Fovea.Training.Models;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea predict RUN [FILE...]</c>: the most probable classes of images.</summary>
internal static class PredictCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<int> top = Make.Count("--top", 3, "Classes to show");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("predict", "Classify images with a trained model.");
        ModelSource source = new(command, terminal.Error);
        ImageChoice choice = new(command);
        foreach (Option option in new Option[] { top, json }) command.Add(option);
        command.SetAction(parsed =>
        {
            choice.Check(parsed);
            TrainedModel model = source.Model(parsed);
            ChosenImages chosen = choice.Open(parsed, source, model);
            List<Prediction> predictions =
                [.. model.Predict(chosen.Images)
                    .Select((shares, i) => Of(chosen.Names[i], chosen.Truths[i], model, shares, parsed.GetValue(top)))];
            if (parsed.GetValue(json))
                terminal.Output.WriteLine(
                    JsonText.Document(new { Checkpoint = model.Path, Predictions = predictions }));
            else Print(terminal.Console, predictions);
            return ExitCode.Success;
        });
        return command;
    }

    private static Prediction Of(string image, string? truth, TrainedModel model, double[] probabilities, int top) =>
        new(image, truth,
    [
        .. Enumerable.Range(0, probabilities.Length).OrderByDescending(label => probabilities[label]).Take(top)
            .Select(label => new ClassProbability(model.Head.Data.ClassNames[label], probabilities[label])),
    ]);

    private static void Print(IAnsiConsole console, List<Prediction> predictions)
    {
        Tables table = Tables.Create("image", "truth", "~prediction");
        foreach (Prediction prediction in predictions)
        {
            ClassProbability best = prediction.Classes[0];
            bool isWrong = prediction.Truth is string truth && truth != best.Name;
            string rest = string.Concat(prediction.Classes.Skip(1)
                .Select(entry => $"   {entry.Name} {Phrases.Percent(entry.Probability)}"));
            Cell classes = new(Printable.Line($"{best.Name} {Phrases.Percent(best.Probability)}"),
                new Style(isWrong ? Color.Red : Color.Green), Printable.Line(rest));
            table.AddRow(Cell.Name(prediction.Image), new Cell(prediction.Truth ?? ""), classes);
        }

        console.Write(table);
    }

    private sealed record ClassProbability(string Name, double Probability);

    private sealed record Prediction(string Image, string? Truth, IReadOnlyList<ClassProbability> Classes);
}
