using Fovea.Core.Formats;

namespace Fovea.Data.Datasets.Files;

/// <summary>
/// Classes in the order of their numbers: what identifies them (folders) and what people call them. Names that differ
/// only in how Unicode composes their letters (macOS writes <c>a</c> and an accent, others one letter) are the same.
/// </summary>
internal sealed class ClassList
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    /// <param name="ids">Identifiers, all different.</param>
    /// <param name="names">Names; equal ones get their identifier behind them.</param>
    public ClassList(IReadOnlyList<string> ids, IReadOnlyList<string> names)
    {
        HashSet<string> repeated = [.. names.GroupBy(name => name).Where(group => group.Count() > 1)
            .Select(group => group.Key)];
        Ids = ids;
        Names = [.. names.Select((name, i) => repeated.Contains(name) && name != ids[i] ? $"{name} ({ids[i]})" : name)];
        for (int i = 0; i < ids.Count; i++) _numbers.Add(CanonicalText.Compose(ids[i]), i);
    }

    /// <summary>Classes that are named as their folders, sorted by character codes as torchvision does.</summary>
    public static ClassList OfFolders(IEnumerable<string> folders)
    {
        string[] sorted = [.. folders.Select(CanonicalText.Compose).Distinct().Order(StringComparer.Ordinal)];
        return new ClassList(sorted, sorted);
    }

    /// <summary>Identifiers.</summary>
    public IReadOnlyList<string> Ids { get; }

    /// <summary>Names, all different.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>True where identifiers are not the names.</summary>
    public bool HasIds => !Ids.SequenceEqual(Names);

    /// <summary>Number of classes.</summary>
    public int Count => Ids.Count;

    /// <summary>The number of the class with this identifier, or -1.</summary>
    public int IndexOf(string id) => _numbers.GetValueOrDefault(CanonicalText.Compose(id), -1);

    /// <summary>The number of the class with this identifier or name, or -1.</summary>
    public int Find(string text)
    {
        if (_numbers.TryGetValue(CanonicalText.Compose(text), out int number)) return number;
        for (int i = 0; i < Count; i++)
            if (CanonicalText.Compose(Names[i]) == CanonicalText.Compose(text)) return i;
        return -1;
    }

    /// <summary>
    /// Reads a file with one class a line, in the order of their numbers: <c>identifier name</c> or a name alone. A
    /// line that is the name of a folder as a whole is one; of names separated by commas (<c>tench, Tinca tinca</c>)
    /// the first is taken.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="isFolder">Tells whether a folder of a class has this name.</param>
    /// <exception cref="DataException">The file cannot be read, is empty or has a class twice.</exception>
    public static ClassList Read(string path, Func<string, bool> isFolder)
    {
        List<string> ids = [], names = [];
        HashSet<string> seen = [];
        foreach ((int line, string text) in TextLines.Read(path))
        {
            string[] words = isFolder(text) ? [text]
                : text.Split((char[])[' ', '\t'], 2, StringSplitOptions.TrimEntries);
            if (!seen.Add(CanonicalText.Compose(words[0])))
                throw new DataException($"{path}, line {line}: the class '{words[0]}' is there twice.");
            ids.Add(words[0]);
            names.Add(words.Length == 1 ? words[0] : words[1].Split(',')[0].Trim());
        }

        return ids.Count > 0 ? new ClassList(ids, names)
            : throw new DataException($"{path}: names no classes; one a line is expected.");
    }
}
