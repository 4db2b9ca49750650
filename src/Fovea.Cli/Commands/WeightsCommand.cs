using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Checkpoints;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea weights FILE</c>: what a file of weights holds, and the same under timm's names as
/// safetensors.</summary>
internal static class WeightsCommand
{
    private const int MostNames = 3, MostRows = 2000;

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> path = new("FILE")
        {
            Description =
                "safetensors, .pth, .pt or .npz file, a model in several files (its folder or index.json), a run "
                + "directory (its best checkpoint), or a name that 'list' has"
        };
        Option<string?> to = Make.Text("--to", "OUT.safetensors",
            "Write the model's weights there, under timm's names");
        Option<string> type = Make.Choice("--dtype", "How to store them there", "same", "f32", "f16", "bf16");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("weights",
            "List the tensors of a file of weights, whoever wrote it; write them as safetensors; fetch published "
                + "ones by name.")
        {
            path, to, type, json,
        };
        command.Aliases.Add("inspect");
        command.Add(WeightsListCommand.Create(terminal));
        command.Add(WeightsGetCommand.Create(terminal, stop));
        command.Add(WeightsShowCommand.Create(terminal));
        command.SetAction(parsed =>
        {
            PublishedFiles.Ensure(parsed.GetRequiredValue(path), terminal, stop);
            using WeightFile file = ModelWeights.Open(parsed.GetRequiredValue(path));
            StateDict weights = StateDict.Of(file);
            ClosestPreset? closest = ClosestPreset.Of(weights.Weights);
            if (parsed.GetValue(to) is string target)
                ModelWeights.Export(target, file, Parse(parsed.GetRequiredValue(type)));
            if (parsed.GetValue(json)) terminal.Output.Document(Describe(file, weights, closest));
            else Print(terminal.Console, file, weights, closest, parsed.GetValue(to));
            return ExitCode.Success;
        });
        return command;
    }

    private static WeightType? Parse(string type) => type == "same" ? null
        : Enum.Parse<WeightType>(type, ignoreCase: true);

    private static object Describe(WeightFile file, StateDict weights, ClosestPreset? closest) => new
    {
        File = file.Path,
        file.Format,
        Scheme = weights.Scheme.Name,
        weights.Prefix,
        Tensors = weights.Weights.Select(weight => new { weight.Name, Dtype = weight.Type.Text, weight.Shape }),
        Values = weights.Count,
        ClosestPreset = closest?.Preset.Name,
        PresetShare = closest?.Share,
        weights.LeftAside,
        file.PassedOver,
        ClassNames = ModelWeights.ClassNamesOf(file),
    };

    private static void Print(IAnsiConsole console, WeightFile file, StateDict weights, ClosestPreset? closest,
        string? target)
    {
        Tables table = Tables.Create("tensor", "!dtype", "!shape");
        foreach (Weight weight in weights.Weights.Take(MostRows))
            table.AddRow(Cell.Name(weight.Name), new Cell(weight.Type.Text), new Cell(weight.ShapeText));
        if (weights.Weights.Count > MostRows)
            table.AddRow(new Cell($"and {Phrases.Count(weights.Weights.Count - MostRows)} more (--json has all)"));
        console.Write(table);
        string under = weights.Prefix.Length == 0 ? "" : $" under '{weights.Prefix}'";
        string preset = closest is null ? "like no preset"
            : $"closest preset {closest.Preset.Name} ({Phrases.Percent(closest.Share)} of the tensors alike)";
        console.Line(
            $"{file.Format}, {weights.Scheme}{under}: {Phrases.Count(weights.Weights.Count)} tensors, "
                + $"{Phrases.Count(weights.Count)} values; {preset}");
        if (weights.LeftAside is { Count: > 0 } aside)
        {
            string more = aside.Count > MostNames ? $" and {Phrases.Count(aside.Count - MostNames)} more" : "";
            console.Line($"left aside: {string.Join(", ", aside.Take(MostNames))}{more}");
        }

        if (file.PassedOver.Count > 0)
            console.Line($"values beside the tensors, not read: {string.Join(", ", file.PassedOver)}");
        if (target is not null) console.Line($"written to {target}");
    }
}
