using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Files;
using Fovea.Data;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;
using Fovea.Training.Models;
using Fovea.Vision.Explanation;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea approximate RUN</c>: how far a Performer with a trained softmax model's weights is from that
/// model, by number of features.</summary>
internal static class ApproximateCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<int[]> features = Make.List("--features", ValueForm.Whole(1, 65_536), [8, 16, 32, 64, 128, 256],
            "Numbers of random features");
        Option<int> draws = Make.Of("--draws", ValueForm.Whole(1, 1000), 3, "Draws of the features to average over");
        Option<int> images = Make.Of("--images", SizeForms.Batch, 32, "Images to compare on");
        Option<string?> figure = Make.Text("--figure", "FILE", "Error curve as FILE.svg or FILE.png");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("approximate",
            "Put a trained softmax model's weights into Performers and report the differences by number of features.");
        ModelSource source = new(command, terminal.Error, PublishedFiles.On(terminal));
        foreach (Option option in new Option[] { features, draws, images, figure, json }) command.Add(option);
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(figure);
            if (file is not null && Path.GetExtension(file) is not (".svg" or ".png"))
                throw new UsageException($"--figure: the name must end in .svg or .png, got '{file}'.");
            TrainedModel model = source.Model(parsed);
            IImageDataset dataset = source.Images(parsed, model, parsed.GetValue(images));
            IReadOnlyList<PerformerError> errors = model.PerformerErrors(
                dataset, parsed.GetValue(images), parsed.GetRequiredValue(features),
                [.. Enumerable.Range(0, parsed.GetValue(draws)).Select(i => (ulong)i)]);
            var rows = errors.GroupBy(error => error.Features).Select(group =>
                new Row(group.Key, group.Average(error => error.Attention), group.Average(error => error.Logits)))
                    .ToList();
            if (file is not null) Write(file, rows);
            if (parsed.GetValue(json))
                terminal.Output.Document(
                    new { Checkpoint = model.Path, Draws = parsed.GetValue(draws), Errors = rows });
            else Print(terminal.Console, rows);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(IAnsiConsole console, List<Row> rows)
    {
        Tables table = Tables.Create(">features", ">error of attention", ">error of class scores");
        foreach (Row row in rows)
            table.AddRow(new Cell(Phrases.Count(row.Features)), new Cell(Phrases.Percent(row.Attention)),
                new Cell(Phrases.Percent(row.Logits)));
        console.Write(table);
        console.Line(
            "relative to the softmax model: of what attention mixes, given the same input; of the scores, all blocks "
                + "together");
    }

    private static void Write(string file, List<Row> rows)
    {
        double[] x = [.. rows.Select(row => (double)row.Features)];
        LineChart chart = new()
        {
            Title = "Performer with a softmax model's weights: relative error",
            XLabel = "features",
            XScale = AxisScale.Logarithmic,
            XTicks = x,
            YScale = AxisScale.Logarithmic,
            YFormat = ValueFormat.Percent,
            Series = [new("attention", x, [.. rows.Select(row => row.Attention)]),
                new("class scores", x, [.. rows.Select(row => row.Logits)])],
        };
        if (Path.GetExtension(file) == ".svg") AtomicFile.WriteText(file, chart.ToSvg());
        else File.WriteAllBytes(file, chart.ToPng());
    }

    private sealed record Row(int Features, double Attention, double Logits);
}
