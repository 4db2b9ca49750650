using Fovea.Core.Options;

namespace Fovea.Data.Transforms;

/// <summary>A step that a text can name: <c>name:MAIN:key=value:key=value</c>. Errors say how the step is
/// written.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Options">What can be set with a key.</param>
/// <param name="Create">Builds the step from the values of its options.</param>
internal sealed record TransformEntry(string Name, IReadOnlyList<Option> Options,
    Func<OptionValues, ImageTransform> Create)
    : Part(Name, Options)
{
    /// <summary>Written form of the step, with the defaults of its options.</summary>
    public string Usage =>
        Name + (Main is null ? "" : $":{Main.Form.Placeholder}")
            + string.Concat(Options.Select(option => $"[:{option.Name}={Values(option)}]"));

    /// <summary>Reads a step.</summary>
    /// <exception cref="UsageException">With what was wrong and how the step is written.</exception>
    public ImageTransform Read(string text)
    {
        try
        {
            return Create(new(Name, ReadValues(text)));
        }
        catch (UsageException error)
        {
            throw new UsageException($"Transform '{text}': {error.Reason}; it is written {Usage}.");
        }
    }

    /// <summary>Writes a step.</summary>
    /// <param name="parts">The main option, then others with their keys; null for what is left out.</param>
    public string Print(params IEnumerable<string?> parts) =>
        string.Join(':', parts.Where(part => part is not null).Prepend(Name));

    private Dictionary<string, object?> ReadValues(string text)
    {
        Dictionary<string, object?> values = [];
        foreach ((int place, string part) in text.Split(':').Skip(1).Index())
        {
            string[] pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            Option option = pair.Length == 2 ? Find(pair[0])
                : place == 0 && Main is not null ? Main
                : throw new UsageException($"'{part}' is not an option");
            string called = option == Main ? $"a {option.Name}" : option.Name;
            if (!option.TryRead(pair[^1], out object? value, out bool isAllowed) || !isAllowed)
                throw new UsageException(
                    $"{called} must be {Expected(option.Form)}, not '{pair[^1]}'{Question(pair[^1], option.Form)}");
            if (!values.TryAdd(option.Name, value)) throw new UsageException($"option '{option.Name}' stands twice");
        }

        if (Main is not null && !values.ContainsKey(Main.Name)) throw new UsageException($"the {Main.Name} is missing");
        return values;
    }

    private Option Find(string key) =>
        Options.FirstOrDefault(option => option.Name == key) ?? throw new UsageException($"there is no option '{key}'");

    private static string Values(Option option) => option.Form.Names.Count > 0 ? string.Join('|', option.Form.Names)
        : option.DefaultText;

    private static string Expected(ValueForm form) =>
        form.Names.Count > 0 ? $"{string.Join(", ", form.Names.SkipLast(1))} or {form.Names[^1]}" : form.Expected;

    private static string Question(string text, ValueForm form) =>
        NearestName.Question(text, form.Names, " (did you mean '{0}'?)");
}
