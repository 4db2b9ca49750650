using System.Text.RegularExpressions;

namespace Fovea.Vision.Weights.Naming;

/// <summary>Names that a code base gives the tensors of its models, and timm's names for them.</summary>
public sealed class NamingScheme
{
    /// <summary>Stands between the name of a joined tensor and the number of a part of it.</summary>
    internal const char PartMark = '/';

    private readonly Regex[] _marks;
    private readonly NameRule[] _rules;

    /// <param name="name">For people, e.g. <c>Hugging Face</c>.</param>
    /// <param name="marks">Patterns of names that only this scheme has.</param>
    /// <param name="rules">The first that fits counts; a name that none fits stays.</param>
    internal NamingScheme(string name, string[] marks, params NameRule[] rules)
    {
        Name = name;
        _marks = [.. marks.Select(mark => new Regex($"^(?:{mark})$", RegexOptions.CultureInvariant))];
        _rules = rules;
    }

    /// <summary>For people, e.g. <c>Hugging Face</c>.</summary>
    public string Name { get; }

    /// <summary>Tensors that are cut into several, each under a name of its own.</summary>
    internal IReadOnlyList<CutRule> Cuts { get; init; } = [];

    /// <summary>Some of its tensors are parts of one of timm's.</summary>
    internal bool Joins => _rules.Any(rule => rule.IsPart);

    /// <summary>Number of parts that make a joined tensor: queries, keys and values, or the two halves of an MLP with a
    /// gate.</summary>
    /// <param name="name">Its name, without the mark of a part.</param>
    internal static int PartsOf(string name) => name.Contains(".mlp.fc1.", StringComparison.Ordinal) ? 2 : 3;

    /// <summary>True where one of the names belongs to this scheme alone.</summary>
    internal bool Recognises(IEnumerable<string> names) => names.Any(name => _marks.Any(mark => mark.IsMatch(name)));

    /// <summary>timm's name; with <c>/0</c>, <c>/1</c>, ... behind it for the parts of a joined tensor; null for what
    /// timm's models do not have.</summary>
    internal string? Translate(string name)
    {
        foreach (NameRule rule in _rules)
            if (rule.TryRead(name, out string? ours)) return ours;
        return name;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
