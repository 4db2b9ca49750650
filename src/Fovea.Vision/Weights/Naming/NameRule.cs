using System.Text.RegularExpressions;

namespace Fovea.Vision.Weights.Naming;

/// <summary>
/// A name of another code base and timm's name for it, as templates that are read in both directions. What stands in
/// braces is the same in both: <c>{n}</c> a number, <c>{m}</c>
/// another, <c>{half}</c> 1 or 2, <c>{leaf}</c> weight or bias, <c>{stat}</c> a
/// tensor of a batch norm, <c>{rest}</c> anything. <c>{model}</c>, <c>{tower}</c> and <c>{chunk}</c> are beginnings
/// that may be there or not.
/// </summary>
internal sealed partial class NameRule
{
    private static readonly Dictionary<string, string> Forms = new(StringComparer.Ordinal)
    {
        ["n"] = @"\d+",
        ["m"] = @"\d+",
        ["half"] = "[12]",
        ["leaf"] = "weight|bias",
        ["stat"] = "weight|bias|running_mean|running_var|num_batches_tracked",
        ["rest"] = ".+",
        ["chunk"] = @"(?:\d+\.)?",
        ["tower"] = @"(?:vision_model\.)?",
        ["model"] = NamingSchemes.Model,
    };

    private readonly string _theirs;
    private readonly string? _ours;
    private readonly Regex _theirForm;
    private readonly Regex? _ourForm;

    /// <param name="theirs">The other code base's name.</param>
    /// <param name="ours">timm's, with <c>/0</c>, <c>/1</c>, ... behind it for a part of a joined tensor; null: timm's
    /// models do not have it.</param>
    public NameRule(string theirs, string? ours)
    {
        (_theirs, _ours) = (theirs, ours);
        _theirForm = Form(theirs);
        if (ours is not null) _ourForm = Form(ours);
    }

    /// <summary>timm's tensor is joined of several.</summary>
    public bool IsPart => _ours?.Contains(NamingScheme.PartMark, StringComparison.Ordinal) == true;

    /// <summary>Reads a name of the code base.</summary>
    /// <returns>True where the rule is about this name; <paramref name="ours"/> is null where timm has none.</returns>
    public bool TryRead(string theirs, out string? ours)
    {
        Match match = _theirForm.Match(theirs);
        ours = match.Success && _ours is not null ? Fill(_ours, match, "") : null;
        return match.Success;
    }

    /// <summary>The code base's name for one of timm's, or null.</summary>
    /// <param name="ours">timm's name.</param>
    /// <param name="model">What stands for <c>{model}</c>.</param>
    public string? Write(string ours, string model) =>
        _ourForm?.Match(ours) is { Success: true } match ? Fill(_theirs, match, model) : null;

    private static string Fill(string template, Match match, string model) => Place().Replace(template, place =>
        place.Groups[1].Value switch
        {
            "model" => model,
            "chunk" => "",
            "tower" => model,
            string name => match.Groups[name].Value,
        });

    private static Regex Form(string template)
    {
        string form = string.Concat(Place().Split(template).Select((part, i) =>
            i % 2 == 0 ? Regex.Escape(part) : $"(?<{part}>{Forms[part]})"));
        return new Regex($"^{form}$", RegexOptions.CultureInvariant);
    }

    [GeneratedRegex(@"\{([a-z]+)\}")]
    private static partial Regex Place();
}
