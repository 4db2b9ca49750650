using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data;
using Fovea.Lab.Inspections;
using Fovea.Tensors;
using Fovea.Training.Models;

namespace Fovea.Cli.Commands;

/// <summary>Options and output of commands that look inside a model.</summary>
internal sealed class InspectionOptions
{
    private readonly Terminal _terminal;
    private readonly Option<string> _directory = Make.TextOr("--out", "DIR", "explain",
        "Folder for the numbers as CSV and JSON, and the figures as PNG and SVG");
    private readonly Option<bool> _json = Make.Switch("--json", "One JSON object on standard output");
    private readonly Option<int>? _batchSize, _limit;
    private readonly Option<string?>? _against;

    /// <param name="command">Gets the options.</param>
    /// <param name="terminal">Where results are shown.</param>
    /// <param name="images">Images to look at unless told otherwise; null: the command looks at single images.</param>
    /// <param name="against">The command can take a second model.</param>
    public InspectionOptions(Command command, Terminal terminal, int? images = null, bool against = false)
    {
        _terminal = terminal;
        Source = new ModelSource(command, terminal.Error, PublishedFiles.On(terminal));
        if (against)
            command.Add(_against = Make.Text("--against", "RUN",
                "A second model, shown the same images: a run, a checkpoint or a file of weights"));
        if (images is int usual)
        {
            command.Add(_batchSize = Make.Of("--batch-size", SizeForms.Batch, 32, "Images at a time", "-b"));
            command.Add(_limit = Make.Of("--eval-limit", SizeForms.Count, usual, "At most so many images"));
        }

        command.Add(_directory);
        command.Add(_json);
    }

    /// <summary>The model and its data.</summary>
    public ModelSource Source { get; }

    /// <summary>Images at a time.</summary>
    public int BatchSize(ParseResult parsed) => _batchSize is null ? 1 : parsed.GetValue(_batchSize);

    /// <summary>The images of a part of the dataset.</summary>
    public IImageDataset Images(ParseResult parsed, TrainedModel model) =>
        Source.Images(parsed, model, _limit is null ? null : parsed.GetValue(_limit));

    /// <summary>The second model; null where none is named.</summary>
    public TrainedModel? Against(ParseResult parsed, Device device) =>
        _against is not null && parsed.GetValue(_against) is string path
            ? AnyModel.Load(path, device, preset: null, recipe => recipe) : null;

    /// <summary>Names of two models, by which they can be told apart.</summary>
    public static (string Own, string Other) Names(TrainedModel own, TrainedModel other)
    {
        (string first, string second) = (NameOf(own), NameOf(other));
        return first != second ? (first, second) : own.Path != other.Path ? (own.Path, other.Path)
            : (first, $"{second} (again)");
    }

    /// <summary>Name of a model: that of its run directory, or of its file.</summary>
    public static string NameOf(TrainedModel model)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(model.Path))!;
        return Path.GetFileName(folder) == "checkpoints"
            && Path.GetFileName(Path.GetDirectoryName(folder)) is string run
            && run.Length > 0 ? run : Path.GetFileNameWithoutExtension(model.Path);
    }

    /// <summary>Writes and shows what was found.</summary>
    /// <returns>The exit code.</returns>
    public int Report(ParseResult parsed, Inspection inspection)
    {
        string path = InspectionOutputs.Write(inspection, parsed.GetRequiredValue(_directory));
        if (parsed.GetValue(_json))
        {
            _terminal.Output.Write(InspectionOutputs.Json(inspection) + _terminal.Output.NewLine);
            return ExitCode.Success;
        }

        Tables table = Tables.Create([.. inspection.Shown[0]]);
        foreach (IReadOnlyList<string> row in inspection.Shown.Skip(1))
            table.AddRow([Cell.Name(row[0]), .. row.Skip(1).Select(cell => new Cell(cell))]);
        _terminal.Console.Write(table);
        foreach (string note in inspection.Notes) _terminal.Console.Line(note);
        _terminal.Console.Line(path);
        return ExitCode.Success;
    }
}
