using System.CommandLine;
using System.CommandLine.Parsing;
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
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (string word in result.Tokens.Select(token => token.Value).Where(word => !words.Contains(word)))
                result.AddError($"{name}: '{word}' is not one of {string.Join(", ", words)}.");
        });
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

    /// <summary>Precision of products on the device; single unless told otherwise.</summary>
    public static Option<Tensors.Precision> Precision() => Of("--precision",
        Core.Options.ValueForm.Choice<Tensors.Precision>(), Tensors.Precision.Fp32,
        "How products are computed: bf16 on every device, tf32 on cuda; int8 on cpu, for inference");

    /// <summary>Pinning of threads to processors of their own; null where it is not given.</summary>
    public static Option<Tensors.Pinning?> Pin() => Maybe("--pin", Core.Options.ValueForm.Choice<Tensors.Pinning>(),
        "Keep threads on cores, one per physical core first; FOVEA_PIN unless given, else none");

    /// <summary>A value of a form.</summary>
    public static Option<T> Of<T>(string name, Core.Options.ValueForm<T> form, T standard, string description,
        params string[] aliases) => Read(new Option<T>(name, aliases)
        {
            HelpName = form.Placeholder,
            Description = description,
            DefaultValueFactory = _ => standard,
        }, form, value => value);

    /// <summary>A value of a form; null where it is not given.</summary>
    public static Option<T?> Maybe<T>(string name, Core.Options.ValueForm<T> form, string description,
        params string[] aliases)
        where T : struct =>
        Read(new Option<T?>(name, aliases) { HelpName = form.Placeholder, Description = description }, form,
            value => value);

    /// <summary>Pixels that an image file may have; null where it is not given.</summary>
    public static Option<int?> MaxPixels(string standard) => Maybe("--max-pixels",
        ValueForm.Whole(1, DecodeLimits.MostPixels), $"Pixels (width times height) that an image may have; {standard}");

    /// <summary>Values of a form, separated by commas.</summary>
    public static Option<T[]> List<T>(string name, Core.Options.ValueForm<T> form, T[] standard, string description) =>
        new(name)
        {
            HelpName = $"{form.Placeholder},{form.Placeholder},...",
            Description = description,
            DefaultValueFactory = _ => standard,
            CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))
            .Select(text => Value(result, name, form, text))],
        };

    private static Option<TOption> Read<TOption, T>(Option<TOption> option, Core.Options.ValueForm<T> form,
        Func<T, TOption> use)
    {
        option.CustomParser = result => use(Value(result, option.Name, form, result.Tokens[^1].Value));
        return option;
    }

    private static T Value<T>(ArgumentResult result, string name, Core.Options.ValueForm<T> form, string text)
    {
        if (form.TryRead(text, out T value) && form.Allows(value)) return value;
        result.AddError($"{name}: '{text}' is not {form.Expected}{NearestName.Question(text, form.Names)}");
        return value;
    }
}
