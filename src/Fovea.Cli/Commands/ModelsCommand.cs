using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Models;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea models</c>: what there is to train.</summary>
internal static class ModelsCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("models", "List models and attention mechanisms.") { json };
        command.Add(ModelsShowCommand.Create(terminal));
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
                terminal.Output.Document(new
                {
                    Models = Presets.All.Select(Describe),
                    Attention = AttentionCatalogue.All.Select(Describe)
                });
            else
                Print(terminal.Console);
            return ExitCode.Success;
        });
        return command;
    }

    private static object Describe(Preset preset)
    {
        ModelOptions options = preset.Config.Describe();
        ModelSizes sizes = preset.Config.Measure();
        return new
        {
            preset.Name,
            Parameters = preset.ParameterCount,
            preset.Config.ImageSize,
            options.PatchSize,
            sizes.Dim,
            sizes.Depth,
            sizes.Heads,
            Attention = options.Attention?.ToString(),
            preset.Description,
            preset.Aliases,
        };
    }

    private static object Describe(AttentionEntry entry) => new
    {
        entry.Name,
        Description = entry.Summary,
        Options = entry.Options.ToDictionary(option => option.Name, option => option.Help),
    };

    private static void Print(IAnsiConsole console)
    {
        Tables models = Tables.Create("model", ">parameters", ">pixels", ">patch", ">dim", ">depth", ">heads",
            "~description");
        foreach (Preset preset in Presets.All)
        {
            ModelSizes sizes = preset.Config.Measure();
            models.AddRow(
                Cell.Name(preset.Name), new Cell(Phrases.Count(preset.ParameterCount)),
                new Cell($"{preset.Config.ImageSize}"),
                new Cell($"{preset.Config.Describe().PatchSize}"), new Cell($"{sizes.Dim}"), new Cell($"{sizes.Depth}"),
                new Cell($"{sizes.Heads}"),
                new Cell(preset.Description));
        }

        Tables attention = Tables.Create("attention", "~options", "~description");
        foreach (AttentionEntry entry in AttentionCatalogue.All)
        {
            // The options of windows are the same everywhere, and shown once.
            bool hasWindows = Locality.Options.All(entry.Options.Contains);
            IEnumerable<string> own = (hasWindows ? entry.Options.Except(Locality.Options) : entry.Options)
                .Select(Line);
            attention.AddRow(Cell.Name(entry.Name),
                Cell.Lines(hasWindows ? own.Append("and windows, see below") : own),
                new Cell(entry.Summary));
        }

        attention.AddRow(
            Cell.Name("windows"), Cell.Lines(Locality.Options.Select(Line)),
            new Cell("Locality-aware initialisation, a modifier: softmax:window=2/4,until=5/10"));

        console.Write(models);
        console.Write(attention);
    }

    private static string Line(Core.Options.Option option) => $"{option.Name}: {option.Help}";
}
