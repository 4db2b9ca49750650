using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Export;
using Fovea.Training.Models;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea verify FILE.onnx --against RUN</c>: an exported file in ONNX Runtime beside the model that it was
/// made of.</summary>
internal static class VerifyCommand
{
    private const int Milliseconds = 1000;

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> file = new("FILE.onnx") { Description = "File that 'fovea export' wrote" };
        Option<string> run = new("--against")
        {
            HelpName = "RUN",
            Required = true,
            Description = "Run directory (its best checkpoint), checkpoint, or with --model a file of weights",
        };
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 32, "Images at a time", "-b");
        Option<int?> limit = Make.Maybe("--eval-limit", SizeForms.Count, "At most so many images");
        Option<double?> tolerance = Make.Maybe("--tolerance", ValueForm.Real(Interval.AtLeast(0)),
            "Largest difference of a score; 0.001 unless given, 0.1 where weights are fp16 or the graph resizes");
        Option<double?> different = Make.Maybe("--different", ValueForm.Real(Interval.Share),
            "Share of images whose most probable class may differ; 0 unless given, 0.005 there");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("verify",
            "Compare an exported file, in ONNX Runtime, with the model that it was made of, image by image. The exit "
                + "code is 1 where they disagree.") { file };
        ModelSource source = new(command, terminal.Error, PublishedFiles.On(terminal), run);
        foreach (Option option in new Option[] { batchSize, limit, tolerance, different, json }) command.Add(option);
        command.SetAction(parsed =>
        {
            TrainedModel model = source.Model(parsed);
            if (model.Head.Data.IsMultiLabel)
                throw new UsageException("verify: images of one class each are compared, and those of this model have "
                    + "several.");
            using OnnxComparison comparison = new(parsed.GetRequiredValue(file), model, source.Threads(parsed));
            (IImageDataset images, string split) = source.Part(parsed, model, parsed.GetValue(limit));
            if (images.Count == 0)
                throw new DataException($"the dataset '{images.Info.Name}' has no images in its part '{split}'.");
            OnnxAgreement agreement = comparison.Run(images, parsed.GetValue(batchSize), parsed.GetValue(tolerance),
                parsed.GetValue(different), stop);
            if (parsed.GetValue(json))
                terminal.Output.Document(new
                {
                    File = parsed.GetRequiredValue(file),
                    Checkpoint = model.Path,
                    OnnxRuntime = comparison.Version,
                    Dataset = images.Info.Name,
                    Split = split,
                    Result = agreement,
                });
            else Print(terminal.Console, comparison.Version, $"{images.Info.Name}, {split}", agreement);
            return agreement.Agrees ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    private static void Print(IAnsiConsole console, string version, string data, OnnxAgreement agreement)
    {
        Tables table = Tables.Create("", ">top-1", ">top-5", ">ms an image");
        table.AddRow(Row("Fovea", agreement.Model));
        table.AddRow(Row($"ONNX Runtime {version}", agreement.Onnx));
        console.Write(table);
        string names = agreement.Different == 0 ? "" : $" ({string.Join(", ", agreement.DifferentImages)}"
            + $"{(agreement.Different > agreement.DifferentImages.Count ? ", ..." : "")})";
        console.Line($"{data}, {Phrases.Count(agreement.Images)} images: {(agreement.Agrees ? "they agree" : "they "
            + "disagree")}");
        console.Line($"another most probable class for {Phrases.Count(agreement.Different)}{names}, allowed for "
            + $"{Phrases.Count((int)(agreement.DifferentAllowed * agreement.Images))}");
        console.Line($"largest difference of a score {Text(agreement.LargestDifference)}, allowed "
            + $"{Text(agreement.Tolerance)}");
    }

    private static Cell[] Row(string name, OnnxAccuracy accuracy) =>
    [
        new(name), new(Phrases.Percent(accuracy.Top1)), new(Phrases.Percent(accuracy.Top5)),
        new(Text(accuracy.SecondsPerImage * Milliseconds)),
    ];

    private static string Text(double number) => number.ToString("g3", CultureInfo.InvariantCulture);
}
