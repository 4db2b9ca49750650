using System.Text.RegularExpressions;

namespace Fovea.Vision.Weights.Naming;

/// <summary>Names that a code base gives the tensors of its models, and timm's names for them.</summary>
/// <param name="name">For people, e.g. <c>Hugging Face</c>.</param>
/// <param name="marks">Patterns of names that only this scheme has.</param>
/// <param name="rules">Patterns and what they become; the first that fits counts, a name that none fits stays.</param>
public sealed class NamingScheme(string name, string[] marks, params (string Pattern, string? Replacement)[] rules)
{
    /// <summary>Stands between the name of a joined tensor and the number of a part of it.</summary>
    internal const char PartMark = '/';

    private readonly Regex[] _marks = [.. marks.Select(Whole)];
    private readonly (Regex Pattern,
        string? Replacement)[] _rules = [.. rules.Select(rule => (Whole(rule.Pattern), rule.Replacement))];

    /// <summary>For people, e.g. <c>Hugging Face</c>.</summary>
    public string Name { get; } = name;

    /// <summary>True where one of the names belongs to this scheme alone.</summary>
    internal bool Recognises(IEnumerable<string> names) => names.Any(name => _marks.Any(mark => mark.IsMatch(name)));

    /// <summary>timm's name; with <c>/0</c>, <c>/1</c>, ... behind it for the parts of a joined tensor; null for what
    /// timm's models do not have.</summary>
    internal string? Translate(string name)
    {
        foreach ((Regex pattern, string? replacement) in _rules)
            if (pattern.Match(name) is { Success: true } match) return replacement is null ? null
            : match.Result(replacement);
        return name;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static Regex Whole(string pattern) => new($"^(?:{pattern})$", RegexOptions.CultureInvariant);
}
