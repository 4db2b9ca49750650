using System.CommandLine;
using Fovea.Training.Recipes;

namespace Fovea.Cli.Options;

/// <summary>A field of a recipe as an option. Texts are read by the field, so that command line and recipe file
/// agree.</summary>
internal sealed class RecipeOption : Option<string?>
{
    /// <param name="field">The field that the option sets.</param>
    /// <param name="standard">What the command uses unless it is given, for help; null: nothing is said.</param>
    public RecipeOption(RecipeField field, string? standard = null)
        : base($"--{field.Name}", [.. field.Aliases.Select(alias => alias.Length == 1 ? $"-{alias}" : $"--{alias}")])
    {
        (Field, Standard) = (field, standard);
        Description = OptionNames.Of(field.Description);
        HelpName = field.MayStandAlone ? $"[{field.Form.Placeholder}]" : field.Form.Placeholder;
        bool isList = field.Form.Placeholder.Contains(",X", StringComparison.Ordinal);
        Arity = field.IsFlag || field.MayStandAlone ? ArgumentArity.ZeroOrOne : isList ? ArgumentArity.OneOrMore
            : ArgumentArity.ExactlyOne;
        AllowMultipleArgumentsPerToken = isList;   // --betas 0.9 0.999 is as good as --betas 0.9,0.999
        CustomParser = result => result.Tokens.Count == 0 ? "true"
            : string.Join(',', result.Tokens.Select(token => token.Value));
    }

    /// <summary>The field that the option sets.</summary>
    public RecipeField Field { get; }

    /// <summary>Value that the command uses unless the option is given, in words; null: nothing is said.</summary>
    public string? Standard { get; }

    /// <summary>The recipe with what the command line gives.</summary>
    public static Recipe Apply(Recipe recipe, IEnumerable<RecipeOption> options, ParseResult parsed)
    {
        foreach (RecipeOption option in options)
            if (option.Given(parsed) is string text) recipe = option.Field.Write(recipe, text, option.Name);
        return recipe;
    }

    /// <summary>The text that was given, or null.</summary>
    public string? Given(ParseResult parsed) => parsed.GetResult(this) is { Implicit: false } ? parsed.GetValue(this)
        : null;
}
