using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Fovea.Vision.Weights.Storage;

/// <summary>
/// A file mapped into memory a window at a time. Mapping all of it would be as fast, but the pages that were read would
/// count as this process's memory until the end; so the peak is the model and one window. Not for several threads at
/// once.
/// </summary>
internal sealed class MappedFile : IDisposable
{
    private const long WindowBytes = 4 << 20;

    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _window;
    private long _windowStart, _windowEnd;

    private MappedFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
        // An empty file cannot be mapped.
        if (Length > 0)
            _map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read,
                HandleInheritability.None, leaveOpen: true);
    }

    /// <summary>As given to <see cref="Open"/>, for messages.</summary>
    public string Path { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The file, for what reads it without mapping.</summary>
    public SafeFileHandle Handle => _handle;

    /// <exception cref="CheckpointException">It is missing or may not be read.</exception>
    public static MappedFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new MappedFile(path, handle);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            handle?.Dispose();
            throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Copies bytes from an offset on.</summary>
    /// <exception cref="CheckpointException">The file is shorter, or cannot be read.</exception>
    public void Read(long offset, Span<byte> bytes)
    {
        if (offset < 0 || bytes.Length > Length - offset)
            throw new CheckpointException(
                $"{Path}: ends at byte {Length}, but {bytes.Length} bytes were expected at {offset}: "
                + "it was cut short.");
        while (!bytes.IsEmpty)
        {
            MemoryMappedViewAccessor window = Window(offset);
            int part = (int)Math.Min(bytes.Length, _windowEnd - offset);
            window.SafeMemoryMappedViewHandle.ReadSpan((ulong)(window.PointerOffset + offset - _windowStart),
                bytes[..part]);
            offset += part;
            bytes = bytes[part..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _window?.Dispose();
        _map?.Dispose();
        _handle.Dispose();
    }

    private MemoryMappedViewAccessor Window(long offset)
    {
        if (_window is { } open && offset >= _windowStart && offset < _windowEnd) return open;
        _window?.Dispose();
        _window = null;
        (_windowStart, _windowEnd) = (offset - offset % WindowBytes,
            Math.Min(Length, offset - offset % WindowBytes + WindowBytes));
        try
        {
            return _window = _map!.CreateViewAccessor(_windowStart, _windowEnd - _windowStart,
                MemoryMappedFileAccess.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{Path}: cannot be read: {error.Message}", error);
        }
    }
}
