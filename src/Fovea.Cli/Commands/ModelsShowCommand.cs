using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea models show NAME</c>: the parts of a model with their shapes, parameters and operations; options
/// change it as they do in training.</summary>
internal static class ModelsShowCommand
{
    /// <summary>Fields of a recipe's model that are about its training.</summary>
    private static readonly string[] Others = ["model", "weights", "pretrained", "strict", "allow-partial",
        "position-init", "position-grid", "attention-epoch", "weight-init"];

    public static Command Create(Terminal terminal)
    {
        Argument<string> name = new("NAME") { Description = "Preset; 'fovea models' lists them" };
        RecipeOption[] parts = [.. RecipeFields.All
            .Where(field => field.Section == RecipeFields.Find("model")!.Section && !Others.Contains(field.Name))
            .Select(field => new RecipeOption(field, "the preset's"))];
        Option<int?> classes = Make.Maybe("--num-classes", ValueForm.Whole(0, 1_000_000),
            "Outputs of the classifier head, 0 for none; the preset's unless given");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("show", "Show the parts of a model: shapes, parameters, operations.")
        {
            name, classes, json,
        };
        foreach (RecipeOption part in parts) command.Add(part);
        command.SetAction(parsed =>
        {
            Recipe recipe = Recipe.Default with
            {
                Model = Recipe.Default.Model with { Name = parsed.GetRequiredValue(name) },
            };
            ModelConfig config = ModelChoice.Configure(RecipeOption.Apply(recipe, parts, parsed), null);
            if (parsed.GetValue(classes) is int count) config = config with { Classes = count };
            ImageClassifier model = config.Build();
            if (parsed.GetValue(json)) terminal.Output.Document(Describe(recipe.Model.Name, model));
            else Print(terminal.Console, recipe.Model.Name, model);
            return ExitCode.Success;
        });
        return command;
    }

    private static object Describe(string name, ImageClassifier model)
    {
        ForwardCost cost = model.CountForward();
        return new
        {
            Name = name,
            Parameters = model.ParameterCount,
            Macs = new { Total = cost.Macs, cost.Embedding, cost.Blocks, cost.Head },
            model.Config.ImageSize,
            model.Config.Channels,
            model.Config.Classes,
            Options = Choices(model.Config).ToDictionary(choice => choice.Name, choice => choice.Value),
            Parts = Tensors(model).Select(part => new { part.Name, part.Shape, part.Parameters }),
        };
    }

    private static void Print(IAnsiConsole console, string name, ImageClassifier model)
    {
        ForwardCost cost = model.CountForward();
        console.Line("model", $"{name}: {Phrases.Count(model.ParameterCount)} parameters");
        console.Line("image", $"{model.Config.Channels} x {model.Config.ImageSize} x {model.Config.ImageSize}");
        string choices = string.Join(", ", Choices(model.Config).Select(choice => $"{choice.Name} {choice.Value}"));
        if (choices.Length > 0) console.Line("options", choices);
        console.Line("operations",
            $"{Millions(cost.Macs)} million MACs an image: {Millions(cost.Embedding)} to make tokens, "
                + $"{Millions(cost.Blocks)} in blocks, {Millions(cost.Head)} behind them");
        Tables table = Tables.Create("part", "!shape", ">parameters");
        foreach (Part part in Folded(Tensors(model)))
            table.AddRow(Cell.Name(part.Name), new Cell(part.Shape), new Cell(Phrases.Count(part.Parameters)));
        console.Write(table);
    }

    private static string Millions(double macs) => macs >= 1e7 ? Phrases.Count(Math.Round(macs / 1e6))
        : string.Create(CultureInfo.InvariantCulture, $"{macs / 1e6:0.00}");

    private static IEnumerable<Part> Tensors(ImageClassifier model) => model.NamedParameters()
        .Select(entry => new Part(entry.Name, $"{entry.Parameter.Shape}", entry.Parameter.Shape.Elements));

    /// <summary>Blocks alike are one: <c>blocks.0-11</c>, with the parameters of all of them.</summary>
    private static IEnumerable<Part> Folded(IEnumerable<Part> parts)
    {
        List<(Block? First, int Last, Part[] Parts)> groups = [];
        Part[] all = [.. parts];
        for (int start = 0, end; start < all.Length; start = end)
        {
            Block? key = BlockOf(all[start].Name);
            for (end = start + 1; end < all.Length && BlockOf(all[end].Name) == key;) end++;
            Part[] own = all[start..end];
            if (key is { } block && groups is [.., { First: { } first } before]
                && block == first with { Number = before.Last + 1 }
                && own.Select(part => Below(part, block)).SequenceEqual(
                    before.Parts.Select(part => Below(part, first))))
                groups[^1] = (first, block.Number, before.Parts);
            else groups.Add((key, key?.Number ?? 0, own));
        }

        return groups.SelectMany(group => group.First is not { } first ? group.Parts
            : group.Parts.Select(part => new Part(
                first.Number == group.Last ? part.Name
                    : $"{first.Path}{first.Number}-{group.Last}.{Below(part, first).Name}", part.Shape,
                part.Parameters * (group.Last - first.Number + 1))));
    }

    private static Part Below(Part part, Block block) =>
        part with { Name = part.Name[$"{block.Path}{block.Number}.".Length..] };

    /// <summary>The block that a tensor is of: <c>blocks.3.</c>, or of a stage <c>layers.1.blocks.3.</c>.</summary>
    private static Block? BlockOf(string name)
    {
        const string Mark = "blocks.";
        int start = name.IndexOf(Mark, StringComparison.Ordinal);
        if (start < 0 || (start > 0 && name[start - 1] != '.')) return null;
        int end = name.IndexOf('.', start + Mark.Length);
        return end > 0 && int.TryParse(name[(start + Mark.Length)..end], NumberStyles.None,
            CultureInfo.InvariantCulture, out int number) ? new(name[..(start + Mark.Length)], number) : null;
    }

    /// <summary>The values of the options that the model's family has, as they are written.</summary>
    private static IEnumerable<(string Name, string Value)> Choices(ModelConfig config)
    {
        ModelOptions options = config.Describe();
        (string, object?)[] all =
        [
            ("dim", options.Dim), ("depth", options.Depth), ("heads", options.Heads), ("head-dim", options.HeadDim),
            ("mlp-ratio", options.MlpRatio is { } ratio ? Math.Round(ratio, 4) : null), ("mlp", options.Mlp),
            ("norm", options.Norm), ("qk-norm", options.QkNorm),
            ("parallel-blocks", options.ParallelBlocks), ("layer-scale", options.LayerScale),
            ("registers", options.Registers),
            ("pooling", options.Pooling is Pooling.ClassToken ? "token" : options.Pooling),
            ("position", options.Position), ("embedding", options.Embedding), ("patch-size", options.PatchSize),
            ("attention", options.Attention), ("attention-gate", options.AttentionGate),
        ];
        foreach ((string name, object? value) in all)
            if (value is not null)
                yield return (name, string.Create(CultureInfo.InvariantCulture, $"{value}") is var text
                    && value is Enum or bool ? text.ToLowerInvariant() : text);
    }

    private readonly record struct Block(string Path, int Number);

    private sealed record Part(string Name, string Shape, long Parameters);
}
