using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Formats;
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
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
                terminal.Output.WriteLine(JsonText.Document(
                    new
                    {
                        Models = Presets.All.Select(Describe),
                        Attention = AttentionCatalogue.All.Select(Describe)
                    }));
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
        Table models = Tables.Create("model", ">parameters", ">pixels", ">patch", ">dim", ">depth", ">heads",
            "description");
        models.Columns[0].NoWrap();
        foreach (Preset preset in Presets.All)
        {
            ModelSizes sizes = preset.Config.Measure();
            models.AddRow(
                Tables.Name(preset.Name), new Text(Phrases.Count(preset.ParameterCount)),
                new Text($"{preset.Config.ImageSize}"),
                new Text($"{preset.Config.Describe().PatchSize}"), new Text($"{sizes.Dim}"), new Text($"{sizes.Depth}"),
                new Text($"{sizes.Heads}"),
                new Text(preset.Description));
        }

        Table attention = Tables.Create("attention", "options", "description");
        foreach (AttentionEntry entry in AttentionCatalogue.All)
        {
            // The options of windows are the same everywhere, and shown once.
            bool hasWindows = Locality.Options.All(entry.Options.Contains);
            IEnumerable<string> own = (hasWindows ? entry.Options.Except(Locality.Options) : entry.Options)
                .Select(Line);
            attention.AddRow(Tables.Name(entry.Name),
                new Text(string.Join('\n', hasWindows ? own.Append("and windows, see below") : own)),
                new Text(entry.Summary));
        }

        attention.AddRow(
            Tables.Name("windows"), new Text(string.Join('\n', Locality.Options.Select(Line))),
            new Text("Locality-aware initialisation, a modifier: softmax:window=2/4,until=5/10"));

        console.Write(models);
        console.Write(attention);
    }

    private static string Line(Core.Options.Option option) => $"{option.Name}: {option.Help}";
}
