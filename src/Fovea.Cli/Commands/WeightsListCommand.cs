using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Pretrained;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea weights list [WORD]</c>: published weights by name.</summary>
internal static class WeightsListCommand
{
    private const int ShownDigits = 8;

    public static Command Create(Terminal terminal)
    {
        Argument<string?> word = new("WORD")
        {
            Description = "Only names, models and licences with this in them",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> here = Make.Switch("--here", "Only those that are on this machine");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Option<bool> yaml = Make.Switch("--yaml", "The product's list as it is, to copy from for a list of one's own");
        Command command = new("list", "List published weights by name: timm's, torchvision's, DINOv2's and DeiT's.")
        {
            word, here, json, yaml,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(yaml))
            {
                terminal.Output.Write(WeightsList.BuiltInText);
                return ExitCode.Success;
            }

            WeightsCache cache = WeightsCache.OfUser();
            (ListedWeights Entry, string? Path)[] found = [.. cache.List.All
                .Where(entry => Has(entry, parsed.GetValue(word)))
                .Select(entry => (entry, cache.PlaceOf(entry)))
                .Where(one => one.Item2 is not null || !parsed.GetValue(here))];
            if (parsed.GetValue(json))
                terminal.Output.Document(new
                {
                    Weights = found.Select(one => WeightsShowCommand.Describe(cache, one.Entry, one.Path)),
                });
            else Print(terminal, found);
            return ExitCode.Success;
        });
        return command;
    }

    private static bool Has(ListedWeights entry, string? word) => word is null
        || entry.Aliases.Append(entry.Name).Append(entry.Preset).Append(entry.Licence)
            .Any(text => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static void Print(Terminal terminal, (ListedWeights Entry, string? Path)[] found)
    {
        Tables table = Tables.Create("name", "?model", "!>parameters", "!>size", "?licence", "?!SHA-256", "here");
        foreach ((ListedWeights entry, string? path) in found)
            table.AddRow(Cell.Name(entry.Name), new Cell(entry.Preset),
                new Cell(entry.Parameters is long count ? Phrases.Count(count) : "-"),
                new Cell(SizeOf(entry)), new Cell(entry.Licence), new Cell(SumOf(entry)),
                new Cell(path is not null ? "yes" : entry.NeedsLogin ? "by hand" : ""));
        if (table.Count > 0) terminal.Console.Write(table);
        else terminal.Console.Line("no weights of that kind");
    }

    /// <summary>The length, with a mark where it is only known from the number of parameters.</summary>
    internal static string SizeOf(ListedWeights entry) => entry.AboutBytes is not long bytes ? "-"
        : $"{(entry.Bytes is null ? "~" : "")}{ByteSize.Text(bytes)}";

    private static string SumOf(ListedWeights entry) => entry.Sha256 is not string sum ? "first fetch"
        : sum.Length > ShownDigits ? sum[..ShownDigits] : $"{sum}...";
}
