using Fovea.Core.Options;

namespace Fovea.Training.Recipes;

/// <summary>One member of a <see cref="Recipe"/>: its name on the command line and in recipe files, and how to read and
/// write it.</summary>
public sealed record RecipeField
{
    private readonly Func<Recipe, string> _read;
    private readonly Func<Recipe, string, Recipe> _write;

    /// <param name="name">Long option and key.</param>
    /// <param name="section">Heading.</param>
    /// <param name="read">The value in a recipe, as text.</param>
    /// <param name="write">The recipe with the value of a text.</param>
    internal RecipeField(string name, string section, Func<Recipe, string> read, Func<Recipe, string, Recipe> write)
    {
        Name = name;
        Section = section;
        _read = read;
        _write = write;
    }

    /// <summary>Long option without hyphens in front, and key of recipe files, e.g. <c>batch-size</c>.</summary>
    public string Name { get; }

    /// <summary>Heading in help and in recipe files.</summary>
    public string Section { get; }

    /// <summary>Effect of the field, for help.</summary>
    public required string Description { get; init; }

    /// <summary>Form of its values.</summary>
    public required ValueForm Form { get; init; }

    /// <summary>Other names, e.g. timm's; one letter is a short option. Underscores for hyphens are accepted
    /// anyway.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>A resumed run has to keep the value.</summary>
    public bool FixedOnResume { get; init; }

    /// <summary>Another way to set what a field before or behind it holds: taken everywhere, but not
    /// printed.</summary>
    public bool IsShorthand { get; init; }

    /// <summary>Its option may stand without a value, which then is <c>true</c>.</summary>
    public bool MayStandAlone { get; init; }

    /// <summary>Only learning without classes has it.</summary>
    public bool IsOfPretraining => Section == RecipeFields.PretrainingTitle;

    /// <summary>True for options that need no value.</summary>
    public bool IsFlag => Form.Placeholder.Length == 0;

    /// <summary>The value in a recipe, as <see cref="Write"/> would read it.</summary>
    public string Read(Recipe recipe) => _read(recipe);

    /// <summary>The recipe with another value.</summary>
    /// <param name="recipe">What to change.</param>
    /// <param name="text">The value.</param>
    /// <param name="where">Where the text stood, for the message, e.g. an option of the command line.</param>
    /// <exception cref="UsageException">The text is not what the field needs; the message says what that
    /// is.</exception>
    public Recipe Write(Recipe recipe, string text, string where)
    {
        try
        {
            return _write(recipe, text);
        }
        catch (UsageException error)
        {
            throw new UsageException($"{where}: {error.Message}");
        }
    }

    /// <summary>True for the name and its aliases, with underscores or hyphens.</summary>
    public bool IsCalled(string name)
    {
        string plain = name.Replace('_', '-');
        return plain == Name || Aliases.Contains(plain);
    }
}
