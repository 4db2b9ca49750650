using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Export;
using Fovea.Export.Names;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Pretrained;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision.Models;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea export RUN</c>: a trained model as a file that other programs run.</summary>
internal sealed class ExportCommand
{
    private readonly Argument<string> _path = new("RUN")
    {
        Description = "Run directory (its best checkpoint), checkpoint, or with --model a file of weights"
    };
    private readonly Option<string> _format = Make.Choice("--format",
        "ONNX, a graph that runtimes execute; or weights for other libraries", "onnx", "safetensors");
    private readonly Option<WeightNames> _names = Make.Of("--names", Core.Options.ValueForm.Choice<WeightNames>(),
        WeightNames.Timm, "With --format safetensors: the library whose names and shapes tensors have");
    private readonly Option<string?> _out = Make.Text("--out", "FILE.onnx|DIR",
        "The file to write, or of safetensors the folder; named after RUN, in this folder, unless given");
    private readonly Option<int> _opset = Make.Of("--opset",
        ValueForm.Whole(OnnxOptions.OldestOpset, OnnxOptions.NewestOpset), OnnxOptions.UsualOpset,
        "Version of ONNX's operators");
    private readonly Option<WeightNumbers> _precision = Make.Of("--precision",
        Core.Options.ValueForm.Choice<WeightNumbers>(), WeightNumbers.Fp32,
        "How matrices are stored; all else is fp32, and what is computed");
    private readonly Option<bool> _preprocess = Make.Switch("--preprocess",
        "The graph takes bytes [batch, height, width, channel] of images of any size, and prepares them itself");
    private readonly Option<int?> _imageSize = Make.Maybe("--image-size", SizeForms.Pixels,
        "Side of the images, pixels; positions are resampled to it; the model's own unless given");
    private readonly Option<string?> _model = Make.Text("--model", "NAME",
        "Preset that a file of weights is of; a run knows its own");
    private readonly Option<string?> _dataset = Make.Text("--dataset", "NAME",
        "With --model: dataset whose classes the head has; the file's own, or numbers, unless given");
    private readonly Option<string?> _data = Make.Text("--data", "DIR", "Its folder", "--data-dir");
    private readonly Option<bool> _json = Make.Switch("--json", "One JSON object on standard output");
    private readonly RecipeOption[] _view = [.. RecipeFields.All
        .Where(field => field.Name is "crop-pct" or "interpolation" or "mean" or "std")
        .Select(field => new RecipeOption(field, "as in the training"))];

    public static Command Create(Terminal terminal)
    {
        ExportCommand export = new();
        Command command = new("export",
            "Write a trained model for other programs: as ONNX, whose scores are those of 'fovea predict' before the "
                + "softmax, for any number of images at a time; or as safetensors with the names of another library.")
        { export._path };
        foreach (Option option in new Option[] { export._format, export._names, export._out, export._opset,
            export._precision, export._preprocess, export._imageSize, export._model, export._dataset, export._data,
            export._json }
            .Concat(export._view))
            command.Add(option);
        command.SetAction(parsed => export.Run(parsed, terminal));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal)
    {
        PublishedFiles.Ensure(parsed.GetRequiredValue(_path), terminal);
        return parsed.GetRequiredValue(_format) == "onnx" ? RunOnnx(parsed, terminal) : RunWeights(parsed, terminal);
    }

    private int RunOnnx(ParseResult parsed, Terminal terminal)
    {
        RequireNot(parsed, _names, "names", "is of the format safetensors; ONNX has one form for all.");
        string path = parsed.GetRequiredValue(_path), target = parsed.GetValue(_out) ?? NameFor(path) + ".onnx";
        if (Path.GetFullPath(target) == Path.GetFullPath(path))
            throw new UsageException($"'{target}' is what would be exported: name another file.") { Field = "out" };
        OnnxSummary summary = ModelExport.Write(Load(parsed, path, terminal.Error), target, new OnnxOptions
        {
            Opset = parsed.GetValue(_opset),
            Weights = parsed.GetValue(_precision),
            ImageSize = parsed.GetValue(_imageSize),
        }, parsed.GetValue(_preprocess));
        if (parsed.GetValue(_json)) terminal.Output.Document(summary);
        else
        {
            string data = summary.DataPath is string second ? $" and {second}" : "";
            terminal.Console.Line(
                $"{summary.Path}{data}: {ByteSize.Text(summary.Bytes)}, {Phrases.Count(summary.Nodes)} nodes, "
                    + $"{Phrases.Count(summary.Weights)} tensors of the model");
            terminal.Console.Line($"input   {summary.Input}");
            terminal.Console.Line($"output  {summary.Output}");
        }

        return ExitCode.Success;
    }

    private int RunWeights(ParseResult parsed, Terminal terminal)
    {
        RequireNot(parsed, _opset, "opset", "is of the format onnx.");
        RequireNot(parsed, _preprocess, "preprocess", "is of the format onnx; here a file beside the weights says how "
            + "images are prepared.");
        WeightNames names = parsed.GetValue(_names);
        string path = parsed.GetRequiredValue(_path),
            target = parsed.GetValue(_out) ?? $"{NameFor(path)}-{names.ToString().ToLowerInvariant()}",
            source = Path.GetFullPath(ModelWeights.FileOf(path));
        if (Path.GetDirectoryName(source) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)))
            throw new UsageException($"'{target}' holds what would be exported: name another folder.")
            { Field = "out" };
        WeightsSummary summary = WeightsExport.Write(Load(parsed, path, terminal.Error), target, names,
            parsed.GetValue(_precision), parsed.GetValue(_imageSize));
        if (parsed.GetValue(_json)) terminal.Output.Document(summary);
        else
        {
            string classes = summary.Classes > 0 ? $"{Phrases.Count(summary.Classes)} classes" : "no classifier head";
            terminal.Console.Line($"{summary.Path}: {string.Join(", ", summary.Files)}");
            terminal.Console.Line(
                $"{ByteSize.Text(summary.Bytes)}, {Phrases.Count(summary.Tensors)} tensors, {classes}");
        }

        return ExitCode.Success;
    }

    /// <summary>Refuses an option of the other format.</summary>
    private static void RequireNot(ParseResult parsed, Option option, string field, string reason)
    {
        if (parsed.GetResult(option) is { Implicit: false }) throw new UsageException(reason) { Field = field };
    }

    private TrainedModel Load(ParseResult parsed, string path, TextWriter notes)
    {
        ListedWeights? listed = PretrainedWeights.Listed(path);
        if ((parsed.GetValue(_model) ?? listed?.Preset) is not string name || AnyModel.IsRun(path, name))
            return TrainedModel.Load(path, Device.Cpu, training => RecipeOption.Apply(training, _view, parsed));
        Recipe recipe = Recipe.Default with
        {
            Model = new ModelSection { Name = name, Weights = listed?.Name, ImageSize = parsed.GetValue(_imageSize) },
            Data = new DataSection { Dataset = parsed.GetValue(_dataset), Directory = parsed.GetValue(_data) },
        };
        recipe = PretrainedWeights.Resolve(RecipeOption.Apply(recipe, _view, parsed));
        bool isNamed = parsed.GetValue(_dataset) is not null || parsed.GetValue(_data) is not null;
        return AnyModel.Told(TrainedModel.FromWeights(path, recipe, isNamed ? DatasetChoice.Load(recipe).Info
            : AnyModel.InfoOf(path, Presets.Find(name).Config), Device.Cpu), notes);
    }

    /// <summary>A name in this folder after the run, or after the file where it is one.</summary>
    private static string NameFor(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Directory.Exists(full) ? Path.GetFileName(full) : Path.GetFileNameWithoutExtension(full);
    }
}
