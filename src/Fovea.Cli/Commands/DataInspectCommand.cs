using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Files;
using Fovea.Data;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Statistics;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Images;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea data inspect DIR|NAME</c>: what a dataset holds, and what cannot be read.</summary>
internal static class DataInspectCommand
{
    private const int MostClassesPrinted = 20, ImagesShown = 40;

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> what = new("DIR|NAME")
        {
            Description = "Folder or file with images, or the name of a dataset"
        };
        Option<string?> dataset = Make.Text("--dataset", "NAME", "What lies in the folder; found out unless given");
        Option<string?> data = Make.Text("--data", "DIR", "Folder of a dataset given by name", "--data-dir");
        Option<string?> classes = Make.Text("--classes", "N|NAME,NAME",
            "Classes to look at: the first so many, or names");
        Option<int?> limit = Make.Maybe("--limit", SizeForms.Count,
            "At most so many images of each part, balanced over the classes");
        Option<int> workers = Make.Of("--workers", SizeForms.Workers, Environment.ProcessorCount,
            "Threads that read images", "-j");
        Option<string?> sheet = Make.Text("--out", "FILE", "Write a contact sheet to this PNG file");
        Option<CopyPolicy> copies = new("--copies")
        {
            Description = "Images that are there twice: once, drop those with two labels, or keep all",
            HelpName = "once|drop|keep",
            DefaultValueFactory = _ => CopyPolicy.Once,
        };
        Option<int?> maxPixels = Make.MaxPixels($"{DecodeLimits.UsualPixels} unless given");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("inspect",
            "Count, measure and show the images of a dataset; find those that cannot be read.")
        {
            what, dataset, data, classes, limit, copies, maxPixels, workers, sheet, json,
        };
        command.SetAction(parsed =>
        {
            (string name, string? directory) = Resolve(parsed.GetRequiredValue(what), parsed.GetValue(dataset),
                parsed.GetValue(data));
            DatasetOptions options = new()
            {
                Classes = parsed.GetValue(classes),
                TrainLimit = parsed.GetValue(limit),
                EvaluationLimit = parsed.GetValue(limit),
                Copies = parsed.GetValue(copies),
                Limits = DecodeLimits.Of(parsed.GetValue(maxPixels) ?? DecodeLimits.UsualPixels),
            };
            DatasetSplits splits = DatasetCatalogue.Load(name, directory, options);
            Part[] parts = [.. Parts(splits).Select(part => new Part(
                part.Name, part.Images, DatasetStatistics.Measure(part.Images, parsed.GetValue(workers), stop)))];
            string? file = parsed.GetValue(sheet);
            int shown = file is null ? 0 : WriteSheet(file, Sheet(splits));
            if (parsed.GetValue(json)) terminal.Output.Document(Describe(splits, parts, file));
            else Print(terminal.Console, splits, parts);
            if (file is not null && !parsed.GetValue(json))
                terminal.Console.Line($"{file}: contact sheet of {shown} training images.");
            return ExitCode.Success;
        });
        return command;
    }

    private static (string Name, string? Directory) Resolve(string what, string? dataset, string? data)
    {
        if (data is not null || (dataset is null && DatasetCatalogue.IsKnown(what) && !Path.Exists(what)))
            return (dataset ?? what, data);
        // neither: says what there is
        if (!Path.Exists(what) && dataset is null) return (DatasetCatalogue.Canonical(what), null);
        return (dataset ?? DatasetGuess.Of(what) ?? throw new UsageException(
            $"'{what}': no dataset is recognised there; say which one it is with --dataset: "
                + $"{string.Join(", ", DatasetCatalogue.Names)}.")
        { Remedy = DatasetGuess.Hint(what) }, what);
    }

    private static IEnumerable<(string Name, IImageDataset Images)> Parts(DatasetSplits splits) =>
        ((string, IImageDataset)[])[("train", splits.Train), ("val", splits.Validation), ("test", splits.Test)];

    private static object Describe(DatasetSplits splits, Part[] parts, string? sheet) => new
    {
        ContactSheet = sheet,
        Dataset = splits.Info.Name,
        splits.Info.Channels,
        splits.Info.ClassNames,
        splits.Info.ClassIds,
        Validation = splits.ValidationOrigin,
        splits.Notes,
        Parts = parts.Select(part => new
        {
            part.Name,
            Images = part.Statistics.Count,
            part.Statistics.PerClass,
            part.Statistics.Heights,
            part.Statistics.Widths,
            part.Statistics.Channels.Mean,
            part.Statistics.Channels.Std,
            part.Statistics.UnreadableCount,
            part.Statistics.Unreadable,
        }),
    };

    private static void Print(IAnsiConsole console, DatasetSplits splits, Part[] parts)
    {
        Tables table = Tables.Create("part", ">images", ">per class", ">width", ">height", "?>mean", "?>std",
            "!>unreadable");
        foreach ((string name, _, DatasetStatistics s) in parts)
        {
            bool hasPixels = s.Count > s.UnreadableCount;
            Cell Measured(string figures) => new(hasPixels ? figures : "-");
            table.AddRow(
                Cell.Name(name), new Cell(Phrases.Count(s.Count)),
                new Cell(s.Count > 0 ? Spread(SizeRange.Of(s.PerClass)) : "-"),
                Measured(Spread(s.Widths)), Measured(Spread(s.Heights)), Measured(Numbers(s.Channels.Mean)),
                Measured(Numbers(s.Channels.Std)),
                new Cell(Phrases.Count(s.UnreadableCount), s.UnreadableCount > 0 ? new Style(Color.Red) : Style.Plain));
        }

        console.Write(table);
        PrintClasses(console, splits.Info, parts);
        console.Line(
            $"{splits.Info.Name}: {splits.Info.Classes} {(splits.Info.Classes == 1 ? "class" : "classes")}, "
                + $"{(splits.Info.Channels == 1 ? "grey" : "colour")}; "
            + $"validation: {splits.ValidationOrigin}; three figures are the smallest, the median and the largest.");
        if (splits.Info.Classes == 1) console.Line("note: there is one class only; training needs two or more.");
        foreach (string note in splits.Notes) console.Line($"note: {OptionNames.Of(note)}");
        foreach (Part part in parts)
            foreach (string error in part.Statistics.Unreadable) console.MarkupLineInterpolated(
                $"[red]unreadable[/] {Printable.Line(OptionNames.Of(error))}");
    }

    private static void PrintClasses(IAnsiConsole console, DatasetInfo info, Part[] parts)
    {
        Tables table = Tables.Create(["class", .. parts.Select(part => ">" + part.Name)]);
        int[] filled = [.. Enumerable.Range(0, info.Classes)
            .Where(label => parts.Any(part => part.Statistics.PerClass[label] > 0))];
        foreach (int label in filled.Take(MostClassesPrinted))
            table.AddRow([Cell.Name(info.ClassNames[label]),
                .. parts.Select(part => new Cell(Phrases.Count(part.Statistics.PerClass[label])))]);
        if (filled.Length > MostClassesPrinted)
            table.AddRow(new Cell($"and {filled.Length - MostClassesPrinted} more (--json has all)"));
        if (filled.Length < info.Classes)
            table.AddRow(new Cell($"{info.Classes - filled.Length} classes have no images"));
        console.Write(table);
    }

    private static string Spread(SizeRange range) =>
        range.Min == range.Max ? $"{range.Min}" : $"{range.Min} · {range.Median} · {range.Max}";

    private static string Numbers(IReadOnlyList<float> values) =>
        string.Join(' ', values.Select(value => FormattableString.Invariant($"{value:0.000}")));

    /// <summary>A few images of the training set, from all classes alike, without unreadable ones.</summary>
    private static ContactSheet Sheet(DatasetSplits splits)
    {
        IImageDataset chosen = Subset.Balanced(splits.Train, ImagesShown, seed: 0);
        string some = chosen.Count < splits.Train.Count ? $"{chosen.Count} of " : "";
        ContactSheet sheet = new([])
        {
            Title = $"{splits.Info.Name}: {splits.Info.Classes} classes, {some}{Phrases.Count(splits.Train.Count)} "
                + "training images"
        };
        return sheet with
        {
            Images =
            [.. Enumerable.Range(0, chosen.Count).Select(i => Tile(chosen, i, 2 * sheet.ImageSize))
                .OfType<CaptionedImage>()]
        };
    }

    private static int WriteSheet(string file, ContactSheet sheet)
    {
        AtomicFile.Write(file, stream => stream.Write(sheet.ToPng()));
        return sheet.Images.Count;
    }

    private static CaptionedImage? Tile(IImageDataset dataset, int index, int longest)
    {
        RawImage image = new();
        int label;
        try
        {
            label = dataset.Read(index, image, longest);
        }
        catch (DataException)
        {
            return null;   // named among the unreadable ones
        }

        PlanarImage planar = new(image.Pixels.ToArray(), image.Channels, image.Height, image.Width);
        return new CaptionedImage(planar.Shrink(longest), dataset.Info.ClassNames[label]);
    }

    private sealed record Part(string Name, IImageDataset Images, DatasetStatistics Statistics);
}
