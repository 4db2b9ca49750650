using Fovea.Training.Recipes;

namespace Fovea.Lab.Studies;

/// <summary>An option of <c>train</c> with a value, as a study gives it.</summary>
/// <param name="Field">The option.</param>
/// <param name="Value">As <see cref="RecipeField.Read"/> would write it; a text with parts of its own as it is
/// written.</param>
/// <param name="Where">Place in the file, or the option on the command line; for messages.</param>
public sealed record Setting(RecipeField Field, string Value, string Where)
{
    /// <summary>Options that a study decides by itself.</summary>
    private static readonly Dictionary<string, string> Reserved = new()
    {
        ["seed"] = "a study has 'seeds', a list of its own",
        ["out"] = "cells have their directories under `out` of the study",
    };

    /// <summary>Reads a value.</summary>
    /// <exception cref="UsageException">There is no such option, it is not the study's to set, or the value is not what
    /// it needs.</exception>
    public static Setting Read(string name, string text, string where)
    {
        RecipeField field = RecipeFields.Find(name)
            ?? throw new UsageException($"{where}: 'train' has no option '{name}'{RecipeFields.DidYouMean(name)}");
        if (Reserved.TryGetValue(field.Name, out string? reason))
            throw new UsageException($"{where}: '{field.Name}' cannot be set here: {reason}.");
        string place = where.StartsWith("--", StringComparison.Ordinal) ? where : $"{where}: {field.Name}";
        if (field.Form.HasParts && text.Length > 0) return new(field, text, where);   // judged with its configuration
        return new(field, field.Read(field.Write(Recipe.Default, text, place)), where);
    }

    /// <summary>The recipe with this value.</summary>
    public Recipe Apply(Recipe recipe) => Field.Write(recipe, Value, $"{Where}: {Field.Name}");

    /// <summary>True if the other sets the same option to the same value.</summary>
    public bool Says(Setting other) => other.Field == Field && other.Value == Value;

    /// <summary>For people: a name or path stands alone, numbers and words like <c>true</c> and <c>auto</c> need the
    /// option's name.</summary>
    public string Label =>
        char.IsAsciiLetter(Value[0]) && Value is not ("true" or "false" or "auto" or "none" or "all") ? Value
            : $"{Field.Name} {Value}";

    /// <inheritdoc/>
    public override string ToString() => $"{Field.Name}={Value}";
}
