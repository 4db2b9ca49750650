using System.Text.RegularExpressions;

namespace Fovea.Data.Datasets.Files;

/// <summary>Parts of a dataset.</summary>
internal enum PartKind
{
    None,
    Train,
    Validation,
    Test,
}

/// <summary>Names that people give to the parts of a dataset: <c>train</c>, <c>Training</c>, <c>test_set</c>,
/// <c>seg_train</c>, <c>val2017</c>.</summary>
internal static partial class PartNames
{
    private static readonly string[] Fillers = ["set", "data", "dataset", "images", "image", "imgs", "img", "split",
        "folder", "files", "seg", "pics", "pictures", "photos"];

    private static readonly Dictionary<string, PartKind> Words = new()
    {
        ["train"] = PartKind.Train,
        ["training"] = PartKind.Train,
        ["trn"] = PartKind.Train,
        ["val"] = PartKind.Validation,
        ["valid"] = PartKind.Validation,
        ["validation"] = PartKind.Validation,
        ["validate"] = PartKind.Validation,
        ["validating"] = PartKind.Validation,
        ["dev"] = PartKind.Validation,
        ["devel"] = PartKind.Validation,
        ["development"] = PartKind.Validation,
        ["eval"] = PartKind.Validation,
        ["evaluation"] = PartKind.Validation,
        ["test"] = PartKind.Test,
        ["testing"] = PartKind.Test,
        ["tests"] = PartKind.Test,
        ["tst"] = PartKind.Test,
    };

    /// <summary>The part that a name means, and what else it says: parts of one dataset have that in common.</summary>
    public static (PartKind Kind, string Other) Of(string name)
    {
        PartKind kind = PartKind.None;
        List<string> rest = [];
        foreach (Match word in Word().Matches(name))
        {
            string text = word.Value.ToLowerInvariant();
            PartKind meant = KindOf(text);
            if (meant != PartKind.None && kind != PartKind.None) return (PartKind.None, name);
            if (meant != PartKind.None) kind = meant;
            else if (!Fillers.Contains(text)) rest.Add(text);
        }

        return kind == PartKind.None ? (PartKind.None, name) : (kind, string.Join(' ', rest));
    }

    /// <summary>The part that a word means, which may end in a filler (<c>trainset</c>, <c>testdata</c>).</summary>
    private static PartKind KindOf(string word)
    {
        if (Words.TryGetValue(word, out PartKind kind)) return kind;
        string? filler = Fillers.FirstOrDefault(filler => word.EndsWith(filler, StringComparison.Ordinal));
        return filler is null ? PartKind.None : Words.GetValueOrDefault(word[..^filler.Length]);
    }

    // words end at signs, digits and changes from small to capital letters
    [GeneratedRegex(@"\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|[\p{Lo}\p{Lm}]+")]
    private static partial Regex Word();
}
