using System.CommandLine;

namespace Fovea.Cli.Options;

/// <summary>Ranges of numbers.</summary>
internal static class Numbers
{
    /// <summary>Adds a check that the number is at least 1.</summary>
    public static Option<T> AtLeastOne<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && int.TryParse(text, out int value) && value < 1)
                result.AddError($"{option.Name}: '{text}' is not a whole number of at least 1");
        });
        return option;
    }
}
