using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training.Models;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea pseudo-label RUN</c>: labels for the images of a folder that a trained model is sure of.</summary>
internal static class PseudoLabelCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> run = new("RUN") { Description = "Run directory (its best checkpoint) or checkpoint file" };
        Option<string?> data = Make.Text("--data", "FOLDER", "Images without labels, at any depth", "--data-dir");
        data.Required = true;
        Option<double> threshold = Make.Of("--threshold", ValueForm.Real(Interval.Share), 0.9,
            "Least probability of a label, 0 to 1");
        Option<string?> output = Make.Text("--out", "FILE",
            "Where the list goes, in FOLDER or above it; FOLDER/pseudo-labels.csv unless given");
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 64, "Images at a time", "-b");
        Option<string> device = Make.Device();
        Option<int?> threads = Make.Maybe("--threads", SizeForms.Threads,
            "Threads that compute; all cores unless given");
        Option<int?> maxPixels = Make.MaxPixels("that of the training unless given");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("pseudo-label",
            "Label images with a trained model where it is sure: a list that '--dataset csv' reads.")
        {
            run, data, threshold, output, batchSize, maxPixels, device, threads, json,
        };
        command.SetAction(parsed =>
        {
            double least = parsed.GetValue(threshold);
            string folder = parsed.GetRequiredValue(data)!;
            string file = parsed.GetValue(output) ?? Path.Combine(folder, "pseudo-labels.csv");
            string prefix = PrefixOf(folder, file);
            TrainedModel model = TrainedModel.Load(parsed.GetRequiredValue(run),
                Device.Open(parsed.GetRequiredValue(device), parsed.GetValue(threads)));
            PseudoLabels labels = PseudoLabels.Make(model, new UnlabelledImages(folder, model.Head.Data,
                DecodeLimits.Of(parsed.GetValue(maxPixels) ?? model.Head.Recipe.Data.MaxPixels)), least,
                parsed.GetValue(batchSize), stop);
            labels.Write(file, prefix);
            if (parsed.GetValue(json)) terminal.Output.Document(Describe(labels, file, least));
            else Print(terminal.Console, labels, file, least);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The way from the list to the images.</summary>
    private static string PrefixOf(string folder, string file)
    {
        string way = Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(file))!, Path.GetFullPath(folder))
            .Replace('\\', '/');
        if (way == ".") return "";
        return way.Split('/')[0] != ".." && !Path.IsPathRooted(way) ? way + "/" : throw new UsageException(
            $"--out: '{file}' lies neither in '{folder}' nor above it; a list of images names them relative to "
                + "itself.");
    }

    private static object Describe(PseudoLabels labels, string file, double threshold) => new
    {
        Out = file,
        Threshold = threshold,
        labels.Images,
        labels.Labelled,
        Unreadable = labels.Unreadable.Count,
        Classes = labels.Classes.Select(entry => new { entry.Name, entry.Images, entry.Probability }),
    };

    private static void Print(IAnsiConsole console, PseudoLabels labels, string file, double threshold)
    {
        Tables table = Tables.Create("class", ">images", ">mean probability");
        foreach ((string name, int images, double probability) in labels.Classes)
            table.AddRow(Cell.Name(name), new Cell(Phrases.Count(images)),
                new Cell(images == 0 ? "-" : Phrases.Percent(probability)));
        console.Write(table);
        string unreadable = labels.Unreadable.Count == 0 ? ""
            : $"; {Phrases.Count(labels.Unreadable.Count)} unreadable, the first: "
            + $"{OptionNames.Of(labels.Unreadable[0])}";
        console.Line(
            $"{Phrases.Count(labels.Labelled)} of {Phrases.Count(labels.Images)} images labelled with a probability of "
                + $"at least {Phrases.Percent(threshold)} in {file}{unreadable}");
    }
}
