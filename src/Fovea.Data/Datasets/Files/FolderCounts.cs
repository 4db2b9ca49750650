namespace Fovea.Data.Datasets.Files;

/// <summary>Images of each folder of a tree.</summary>
internal sealed class FolderCounts
{
    private readonly Dictionary<string, int> _direct = new(StringComparer.Ordinal),
        _below = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _filled = new(StringComparer.Ordinal);

    public FolderCounts(EntryList entries)
    {
        int[] counts = new int[entries.Folders.Count];
        for (int entry = 0; entry < entries.Count; entry++) counts[entries.FolderOf(entry)]++;
        for (int i = 0; i < counts.Length; i++)
            if (counts[i] > 0) Add(entries.Folders[i], counts[i]);
    }

    /// <summary>Images in a folder itself.</summary>
    public int Direct(string folder) => _direct.GetValueOrDefault(folder);

    /// <summary>Images in a folder or below it.</summary>
    public int Below(string folder) => _below.GetValueOrDefault(folder);

    /// <summary>Names of the folders in a folder that hold images, at any depth; sorted.</summary>
    public string[] Filled(string folder) =>
        _filled.TryGetValue(folder, out SortedSet<string>? names) ? [.. names] : [];

    private void Add(string folder, int count)
    {
        _direct[folder] = Direct(folder) + count;
        _below[folder] = Below(folder) + count;
        while (folder.Length > 0)
        {
            int slash = folder.LastIndexOf('/');
            string parent = slash < 0 ? "" : folder[..slash];
            if (!_filled.TryGetValue(parent, out SortedSet<string>? names))
                _filled[parent] = names = new SortedSet<string>(StringComparer.Ordinal);
            names.Add(folder[(slash + 1)..]);
            _below[parent] = Below(parent) + count;
            folder = parent;
        }
    }
}
