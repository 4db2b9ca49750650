using System.Text;

namespace Fovea.Data.Datasets.Files;

/// <summary>Names of files, each in a folder, in little memory: a file costs its name in UTF-8 and eight
/// bytes.</summary>
internal sealed class EntryList
{
    private readonly List<string> _folders = [];
    private readonly List<int> _folderOf = [], _ends = [];
    private byte[] _names = new byte[256];

    /// <summary>Folders relative to the root, with forward slashes; the root is empty. Those without files are among
    /// them.</summary>
    public IReadOnlyList<string> Folders => _folders;

    /// <summary>Files that the listing left out.</summary>
    public PassedOver PassedOver { get; } = new();

    /// <summary>Number of files.</summary>
    public int Count => _ends.Count;

    /// <summary>Adds a folder.</summary>
    /// <returns>Its number.</returns>
    public int AddFolder(string folder)
    {
        _folders.Add(folder);
        return _folders.Count - 1;
    }

    /// <summary>Adds a file.</summary>
    /// <param name="folder">Number of its folder.</param>
    /// <param name="name">Its name in the folder.</param>
    public void Add(int folder, ReadOnlySpan<char> name)
    {
        int start = Start(Count), length = Encoding.UTF8.GetByteCount(name);
        if (start + length > _names.Length) Array.Resize(ref _names, Math.Max(start + length, 2 * _names.Length));
        Encoding.UTF8.GetBytes(name, _names.AsSpan(start));
        _folderOf.Add(folder);
        _ends.Add(start + length);
    }

    /// <summary>Number of a file's folder.</summary>
    public int FolderOf(int index) => _folderOf[index];

    /// <summary>A file's name in its folder.</summary>
    public string NameOf(int index) => Encoding.UTF8.GetString(_names.AsSpan(Start(index).._ends[index]));

    /// <summary>Folder and name, with forward slashes, relative to the root.</summary>
    public string PathOf(int index)
    {
        string folder = _folders[_folderOf[index]];
        return folder.Length == 0 ? NameOf(index) : $"{folder}/{NameOf(index)}";
    }

    private int Start(int index) => index == 0 ? 0 : _ends[index - 1];
}
