using Fovea.Core.Formats;

namespace Fovea.Data.Downloads;

/// <summary>
/// The bytes of a file that are there, as <c>NAME.part</c>, and beside them the version that they are of. Whoever has
/// it open is alone: the system's lock on it ends with the process, however that ends.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const string Ending = ".part", MarkEnding = ".part.json";

    // The system's numbers for a file that another process has: EWOULDBLOCK of Linux and of macOS, and sharing or lock
    // violations of Windows.
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020), unchecked((int)0x80070021)];

    private readonly FileStream _stream;
    private readonly string _target;

    private PartialFile(FileStream stream, string target)
    {
        (_stream, _target) = (stream, target);
        Mark = PartMark.Read(target + MarkEnding);
    }

    /// <summary>Bytes that are there.</summary>
    public long Length => _stream.Length;

    /// <summary>The version that they are of; null: not known.</summary>
    public PartMark? Mark { get; private set; }

    /// <summary>The file, for messages.</summary>
    public string Path => _stream.Name;

    /// <summary>True where there are bytes of a file.</summary>
    public static bool Exists(string target) => File.Exists(target + Ending);

    /// <summary>Opens it for this process alone; null where another process has it.</summary>
    /// <param name="target">Path of the whole file.</param>
    /// <param name="create">Makes one, and its folder, where there is none.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static PartialFile? TryOpen(string target, bool create)
    {
        if (create) Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(target))!);
        try
        {
            FileStream stream = new(target + Ending, create ? FileMode.OpenOrCreate : FileMode.Open,
                FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true);
            return new PartialFile(stream, target);
        }
        catch (IOException error) when (Held.Contains(error.HResult))
        {
            return null;
        }
    }

    /// <summary>Begins anew, with bytes of a version.</summary>
    public void Begin(PartMark mark)
    {
        _stream.SetLength(0);
        _stream.Flush(flushToDisk: true);   // before the mark: old bytes must not pass for the new version's
        File.WriteAllText(_target + MarkEnding, JsonText.Line(mark));
        Mark = mark;
    }

    /// <summary>Adds bytes behind those that are there.</summary>
    public async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        _stream.Position = _stream.Length;
        await _stream.WriteAsync(bytes, stop).ConfigureAwait(false);
    }

    /// <summary>Brings all bytes onto the disk.</summary>
    public void Flush() => _stream.Flush(flushToDisk: true);

    /// <summary>All bytes, from the first on.</summary>
    public Stream Contents()
    {
        _stream.Position = 0;
        return _stream;
    }

    /// <summary>Gives the file its name.</summary>
    /// <returns>False where another process was about to, which has to be seen first; only on Windows, where an open
    /// file keeps its name.</returns>
    public bool TryFinish()
    {
        Flush();
        File.Delete(_target + MarkEnding);
        if (!OperatingSystem.IsWindows())
        {
            File.Move(Path, _target);   // while it is held: whoever waits for it finds the whole file
            return true;
        }

        string path = Path;
        _stream.Dispose();
        try
        {
            File.Move(path, _target);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();
}
