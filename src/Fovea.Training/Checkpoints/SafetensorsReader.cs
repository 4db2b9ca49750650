using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Fovea.Training.Checkpoints;

/// <summary>Reads a safetensors file tensor by tensor. Nothing is allocated on the word of a header before it has been checked.</summary>
public sealed class SafetensorsReader : IDisposable
{
    private const int LengthBytes = 8;
    private readonly FileStream _stream;
    private readonly string _file;
    private readonly byte[] _headerBytes;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsReader(FileStream stream, string file)
    {
        (_stream, _file) = (stream, file);
        _headerBytes = ReadHeader();
        _header = SafetensorsHeader.Parse(_headerBytes, stream.Length - LengthBytes - _headerBytes.Length, file);
        _byName = _header.Entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>All tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The strings under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="CheckpointException">The file is missing, unreadable, no safetensors file or damaged.</exception>
    public static SafetensorsReader Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new SafetensorsReader(stream, path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of this name, or null.</summary>
    public SafetensorsEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Copies a tensor of 32-bit, 16-bit or brain floats.</summary>
    /// <exception cref="CheckpointException">It has another element type, or the file cannot be read.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Read(SafetensorsEntry entry, Span<float> values)
    {
        if (values.Length != entry.Count) throw new ArgumentException($"{entry} does not fit {values.Length} values.", nameof(values));
        Seek(entry.Begin);
        switch (entry.Type)
        {
            case "F32": ReadExactly(MemoryMarshal.AsBytes(values)); break;
            case "F16": ReadHalves(values, bits => (float)BitConverter.UInt16BitsToHalf(bits)); break;
            case "BF16": ReadHalves(values, bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)); break;
            default: throw new CheckpointException($"{_file}: '{entry.Name}' holds {entry.Type}; weights must be F32, F16 or BF16.");
        }
    }

    /// <summary>Compares the file with the checksum that <see cref="SafetensorsWriter"/> put in; false where there is none.</summary>
    /// <exception cref="CheckpointException">The file was changed after it had been written, or cannot be read.</exception>
    public bool VerifyChecksum()
    {
        if (!SafetensorsChecksum.TryBlank(_headerBytes, out byte[] blanked, out string expected)) return false;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(blanked);
        Seek(0);
        byte[] buffer = new byte[1 << 16];
        long left = _stream.Length - _stream.Position;
        while (left > 0)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            ReadExactly(part);
            hash.AppendData(part);
            left -= part.Length;
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) == expected) return true;
        throw new CheckpointException($"{_file}: its contents do not match its checksum: the file is damaged; use another checkpoint.");
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private byte[] ReadHeader()
    {
        Span<byte> start = stackalloc byte[LengthBytes];
        if (_stream.Length < LengthBytes + 2)
            throw new CheckpointException($"{_file}: not a safetensors file: only {_stream.Length} bytes long.");
        ReadExactly(start);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        int first = _stream.ReadByte();
        if (first != '{') throw new CheckpointException($"{_file}: not a safetensors file: byte 8 should be '{{'.");
        if (length is < 2 or > SafetensorsHeader.LargestHeader || length > (ulong)_stream.Length - LengthBytes)
            throw new CheckpointException(
                $"{_file}: its header claims {length} bytes, the file has {_stream.Length}: cut short or not a safetensors file.");
        byte[] header = new byte[length];
        header[0] = (byte)first;
        ReadExactly(header.AsSpan(1));
        return header;
    }

    private void Seek(long dataOffset) => _stream.Position = LengthBytes + _headerBytes.Length + dataOffset;

    private void ReadExactly(Span<byte> bytes)
    {
        try
        {
            _stream.ReadExactly(bytes);
        }
        catch (IOException error)
        {
            throw new CheckpointException($"{_file}: cannot be read: {error.Message}", error);
        }
    }

    private void ReadHalves(Span<float> values, Func<ushort, float> convert)
    {
        ushort[] halves = new ushort[values.Length];
        ReadExactly(MemoryMarshal.AsBytes(halves.AsSpan()));
        for (int i = 0; i < halves.Length; i++) values[i] = convert(halves[i]);
    }
}
