namespace Fovea.Data.Datasets.Files;

/// <summary>Files that a listing passed over, and why.</summary>
internal sealed class PassedOver
{
    private readonly SortedDictionary<string, (int Count, string First)> _endings =
        new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _loops = [], _own = [], _unlabelled = [];

    /// <summary>Counts a file whose ending is not that of an image that can be read.</summary>
    public void AddForeign(string path)
    {
        string ending = Path.GetExtension(path) is { Length: > 0 } some ? some.ToLowerInvariant() : "no ending";
        (int count, string first) = _endings.GetValueOrDefault(ending, (0, path));
        _endings[ending] = (count + 1, first);
    }

    /// <summary>Remembers a link to a folder above itself.</summary>
    public void AddLoop(string link) => _loops.Add($"'{link}'");

    /// <summary>Remembers a folder that runs have written.</summary>
    public void AddOwn(string folder) => _own.Add($"'{folder}'");

    /// <summary>Remembers a folder whose images are learned from without classes.</summary>
    public void AddUnlabelled(string folder) => _unlabelled.Add($"'{folder}'");

    /// <summary>Notes on what was passed over, a sentence each.</summary>
    public IEnumerable<string> Sentences()
    {
        if (_endings.Count > 0)
        {
            int total = _endings.Values.Sum(ending => ending.Count);
            IEnumerable<string> kinds = _endings.Select(ending =>
                $"{ending.Value.Count} with {ending.Key} such as '{ending.Value.First}'");
            yield return $"{total} {(total == 1 ? "file has an ending" : "files have endings")} of no image that can "
                + $"be read and {(total == 1 ? "is" : "are")} left out: {Listing.Of(kinds)}.";
        }

        if (_loops.Count > 0)
            yield return $"links that lead back to a folder above themselves are not followed: {Listing.Of(_loops)}.";
        if (_own.Count > 0)
            yield return $"{(_own.Count == 1 ? "a folder of runs is" : "folders of runs are")} left out: "
                + $"{Listing.Of(_own)}.";
        if (_unlabelled.Count > 0)
            yield return $"{Listing.Of(_unlabelled)} {(_unlabelled.Count == 1 ? "is no class" : "are no classes")}: "
                + "the images there are learned from without one (`unlabelled`).";
    }
}
