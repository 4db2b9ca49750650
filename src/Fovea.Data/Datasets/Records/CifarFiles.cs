using Fovea.Core.Formats;

namespace Fovea.Data.Datasets.Records;

/// <summary>Place of the files of a CIFAR set: in a folder or in a gzipped tar archive. Archives are read in
/// memory.</summary>
internal sealed record CifarFiles(string Path, bool IsArchive)
{
    // The largest official file, train of CIFAR-100, has 155 MB.
    private const long MaxFileBytes = 256 << 20;

    /// <summary>Folders, then archives in which to look. Where archives have "cifar" in their names, others are left
    /// alone.</summary>
    public static IReadOnlyList<CifarFiles> Candidates(string path, string name)
    {
        if (File.Exists(path)) return [new(path, true)];
        string[] roots = [.. new[] { path, System.IO.Path.Combine(path, name) }.Where(Directory.Exists)];
        string[] archives = [.. roots.SelectMany(Directory.EnumerateFiles).Where(IsTarName)
            .Order(StringComparer.Ordinal)];
        string[] named = Array.FindAll(
            archives, file => System.IO.Path.GetFileName(file).Contains("cifar", StringComparison.OrdinalIgnoreCase));
        return
        [
            .. roots.Select(folder => new CifarFiles(folder, false)),
            .. roots.SelectMany(Directory.EnumerateDirectories).Order(StringComparer.Ordinal)
                .Select(folder => new CifarFiles(folder, false)),
            .. (named.Length > 0 ? named : archives).Select(archive => new CifarFiles(archive, true)),
        ];
    }

    /// <summary>Which of the layouts is here, or null. Of an archive, the first file with a known name
    /// decides.</summary>
    public CifarLayout? Recognise(IReadOnlyList<CifarLayout> layouts)
    {
        if (!IsArchive)
            return layouts.FirstOrDefault(layout => File.Exists(System.IO.Path.Combine(Path, layout.Train[0])));
        using BoundedReader reader = BoundedReader.Open(Path);
        TarReader tar = new(reader);
        while (tar.Next())
        {
            CifarLayout? layout = layouts.FirstOrDefault(layout => layout.Files.Contains(tar.Name));
            if (layout is not null) return layout;
        }

        return null;
    }

    /// <summary>The bytes of all files of a layout, by name.</summary>
    /// <exception cref="DataException">One is missing.</exception>
    public IReadOnlyDictionary<string, byte[]> Read(CifarLayout layout)
    {
        Dictionary<string, byte[]> files = IsArchive ? ReadArchive(layout) : ReadFolder(layout);
        string[] missing = [.. layout.Files.Where(file => !files.ContainsKey(file))];
        return missing.Length == 0 ? files
            : throw new DataException(
                $"{Path}: {string.Join(", ", missing)} missing; unpack or download {layout.Archive} again.");
    }

    private Dictionary<string, byte[]> ReadFolder(CifarLayout layout)
    {
        Dictionary<string, byte[]> files = [];
        foreach (string name in layout.Files)
        {
            string file = System.IO.Path.Combine(Path, name);
            if (!File.Exists(file)) continue;
            long length = new FileInfo(file).Length;
            if (length > MaxFileBytes)
                throw new DataException($"{file}: has {length} bytes, more than the {MaxFileBytes} that it may have.");
            using BoundedReader reader = BoundedReader.Open(file);
            files[name] = reader.Read(length, "the file");
        }

        return files;
    }

    private Dictionary<string, byte[]> ReadArchive(CifarLayout layout)
    {
        Dictionary<string, byte[]> files = [];
        using BoundedReader reader = BoundedReader.Open(Path);
        TarReader tar = new(reader);
        while (tar.Next())
            if (layout.Files.Contains(tar.Name) && !files.TryAdd(tar.Name, tar.ReadContent(MaxFileBytes)))
                throw new DataException($"{Path}: holds two files called {tar.Name}.");
        reader.RequireIntact();
        return files;
    }

    private static bool IsTarName(string file) =>
        file.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase)
            || file.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
            || file.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);
}
