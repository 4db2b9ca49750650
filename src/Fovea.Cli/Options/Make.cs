using System.CommandLine;
using System.Globalization;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Cli.Options;

/// <summary>The kinds of options that commands have.</summary>
internal static class Make
{
    /// <summary>On or off.</summary>
    public static Option<bool> Switch(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description };

    /// <summary>Any text; null where it is not given.</summary>
    public static Option<string?> Text(string name, string placeholder, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = placeholder, Description = description };

    /// <summary>Any text.</summary>
    public static Option<string> TextOr(string name, string placeholder, string standard, string description) =>
        new(name) { HelpName = placeholder, Description = description, DefaultValueFactory = _ => standard };

    /// <summary>One of a few words; the first unless told otherwise.</summary>
    public static Option<string> Choice(string name, string description, params string[] words)
    {
        Option<string> option = new(name)
        {
            HelpName = string.Join('|', words),
            Description = description,
            DefaultValueFactory = _ => words[0]
        };
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    /// <summary>The model to start from or to look at, where <c>--weights</c> may name it as well.</summary>
    public static Argument<string?> Model() => new("RUN")
    {
        Description = "Run directory (its best checkpoint), checkpoint or file of weights",
        Arity = ArgumentArity.ZeroOrOne,
        DefaultValueFactory = _ => null,
    };

    /// <summary>The model that was named in either way.</summary>
    /// <exception cref="UsageException">In both ways, or in none.</exception>
    public static string ModelOf(ParseResult parsed, Argument<string?> run, string? weights)
    {
        string command = parsed.CommandResult.Command.Name;
        return (parsed.GetValue(run), weights) switch
        {
            (string named, null) => named,
            (null, string file) => file,
            (null, null) => throw new UsageException(
                $"{command}: say which model (RUN or --weights FILE: a run directory, a checkpoint, safetensors or "
                    + "PyTorch's .pth)."),
            (string named, string file) when named == file => named,
            (string named, string file) => throw new UsageException(
                $"{command}: RUN is '{named}' and --weights is '{file}'; name one model."),
        };
    }

    /// <summary>A device that is registered, the first unless told otherwise.</summary>
    public static Option<string> Device()
    {
        Option<string> option = new("--device")
        {
            HelpName = string.Join('|', Tensors.Device.Names),
            Description = "Where to compute",
            DefaultValueFactory = _ => Tensors.Device.Names[0],
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string name }] && Tensors.Device.Find(name) is null)
                result.AddError($"--device: {NearestName.Message("device", name, Tensors.Device.Names)}");
        });
        return option;
    }

    /// <summary>A whole number of at least 1.</summary>
    public static Option<int> Count(string name, int standard, string description, params string[] aliases) =>
        AtLeastOne(new Option<int>(name, aliases)
        {
            HelpName = "N",
            Description = description,
            DefaultValueFactory = _ => standard
        });

    /// <summary>A whole number of at least 1; null where it is not given.</summary>
    public static Option<int?> Count(string name, string description, params string[] aliases) =>
        AtLeastOne(new Option<int?>(name, aliases) { HelpName = "N", Description = description });

    /// <summary>Pixels that an image file may have; null where it is not given.</summary>
    public static Option<int?> MaxPixels(string standard)
    {
        Option<int?> option = Count("--max-pixels", $"Pixels (width times height) that an image may have; {standard}");
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && int.TryParse(text, out int value)
                && value > DecodeLimits.MostPixels)
                result.AddError($"{option.Name}: '{text}' is more than {DecodeLimits.MostPixels}");
        });
        return option;
    }

    /// <summary>Whole numbers of at least 1, separated by commas.</summary>
    public static Option<int[]> Counts(string name, int[] standard, string description) => new(name)
    {
        HelpName = "N,N,...",
        Description = description,
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            string text = string.Join(',', result.Tokens.Select(token => token.Value));
            int[] numbers = [.. text.Split(',')
                .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    ? number : 0)];
            if (numbers.Any(number => number == 0))
                result.AddError($"{name}: expected numbers above 0 separated by commas, got '{text}'.");
            return numbers;
        },
    };

    private static Option<T> AtLeastOne<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && int.TryParse(text, out int value) && value < 1)
                result.AddError($"{option.Name}: '{text}' is not a whole number of at least 1");
        });
        return option;
    }
}
