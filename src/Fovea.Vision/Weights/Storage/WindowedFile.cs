using Microsoft.Win32.SafeHandles;

namespace Fovea.Vision.Weights.Storage;

/// <summary>
/// A file that is read at any place, a window at a time; the peak of memory is the model and one window. It is read
/// through its handle: pages of a mapped file that is cut short would end the process, without a message. Not for
/// several threads at once.
/// </summary>
internal sealed class WindowedFile : IDisposable
{
    private const int WindowBytes = 256 << 10;

    private readonly SafeFileHandle _handle;
    private byte[]? _window;
    private long _windowStart, _windowEnd;

    private WindowedFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    /// <summary>As given to <see cref="Open"/>, for messages.</summary>
    public string Path { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The file, for what reads it without windows.</summary>
    public SafeFileHandle Handle => _handle;

    /// <exception cref="CheckpointException">It is missing or may not be read.</exception>
    public static WindowedFile Open(string path)
    {
        if (PlainFile.Refusal(path, "a file of weights") is string refusal) throw new CheckpointException(refusal);
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new WindowedFile(path, handle);
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
        if (bytes.Length >= WindowBytes)
        {
            Fill(offset, bytes);
            return;
        }

        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> window = Window(offset);
            int part = Math.Min(bytes.Length, window.Length);
            window[..part].CopyTo(bytes);
            offset += part;
            bytes = bytes[part..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>Bytes in memory from an offset on: at least one byte.</summary>
    private ReadOnlySpan<byte> Window(long offset)
    {
        if (offset < _windowStart || offset >= _windowEnd)
        {
            _window ??= new byte[WindowBytes];
            _windowEnd = 0;   // in case that the file cannot be read
            int length = (int)Math.Min(WindowBytes, Length - offset);
            Fill(offset, _window.AsSpan(0, length));
            (_windowStart, _windowEnd) = (offset, offset + length);
        }

        return _window.AsSpan((int)(offset - _windowStart), (int)(_windowEnd - offset));
    }

    private void Fill(long offset, Span<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                int got = RandomAccess.Read(_handle, bytes, offset);
                if (got == 0)
                    throw new CheckpointException(
                        $"{Path}: ends at byte {offset}, where it had {Length} bytes when it was opened: "
                        + "it was cut short while it was read.");
                offset += got;
                bytes = bytes[got..];
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{Path}: cannot be read: {error.Message}", error);
        }
    }
}
