using System.Buffers.Binary;
using System.Security.Cryptography;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Safetensors;

/// <summary>Reads a safetensors file tensor by tensor. Nothing is allocated on the word of a header before it has been
/// checked.</summary>
public sealed class SafetensorsReader : WeightFile
{
    private const int LengthBytes = 8, LeastBytes = LengthBytes + 2;
    private readonly WindowedFile _file;
    private readonly byte[] _headerBytes;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    internal SafetensorsReader(WindowedFile file)
    {
        _file = file;
        _headerBytes = ReadHeader();
        _header = SafetensorsHeader.Parse(_headerBytes, file.Length - LengthBytes - _headerBytes.Length, file.Path);
        _byName = _header.Entries.ToDictionary(entry => entry.Name);
        Weights = [.. _header.Entries
            .Select(entry => new Weight(entry.Name, entry.Type, entry.Shape,
                (first, values) => Read(entry, first, values)))];
    }

    /// <inheritdoc/>
    public override string Path => _file.Path;

    /// <inheritdoc/>
    public override string Format => "safetensors";

    /// <inheritdoc/>
    public override IReadOnlyList<Weight> Weights { get; }

    /// <summary>All tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The strings under <c>__metadata__</c>.</summary>
    public override IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="CheckpointException">The file is missing, unreadable, no safetensors file or
    /// damaged.</exception>
    public static SafetensorsReader Open(string path)
    {
        WindowedFile file = WindowedFile.Open(path);
        try
        {
            return new SafetensorsReader(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of this name, or null.</summary>
    public SafetensorsEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Copies a tensor, converted to single precision.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Read(SafetensorsEntry entry, Span<float> values)
    {
        if (values.Length != entry.Count)
            throw new ArgumentException($"{entry} does not fit {values.Length} values.", nameof(values));
        Read(entry, 0, values);
    }

    /// <summary>Compares the file with the checksum that <see cref="SafetensorsWriter"/> put in; false where there is
    /// none.</summary>
    /// <exception cref="CheckpointException">The file was changed after it had been written, or cannot be
    /// read.</exception>
    public bool VerifyChecksum()
    {
        if (!SafetensorsChecksum.TryBlank(_headerBytes, out byte[] blanked, out string expected)) return false;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(blanked);
        byte[] buffer = new byte[1 << 16];
        for (long at = LengthBytes + _headerBytes.Length; at < _file.Length; at += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(_file.Length - at, buffer.Length));
            _file.Read(at, part);
            hash.AppendData(part);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) == expected) return true;
        throw new CheckpointException(
            $"{Path}: its contents do not match its checksum: the file is damaged; use another checkpoint.");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _file.Dispose();

    private void Read(SafetensorsEntry entry, long first, Span<float> values) =>
        StoredNumbers.Read(_file, LengthBytes + _headerBytes.Length + entry.Begin + first * entry.Type.Bytes,
            entry.Type, values, entry.Name);

    private byte[] ReadHeader()
    {
        if (_file.Length < LeastBytes)
            throw new CheckpointException(
                $"{Path}: not a safetensors file, nor one of PyTorch: only {_file.Length} bytes long.");
        Span<byte> start = stackalloc byte[LengthBytes + 1];
        _file.Read(0, start);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (start[LengthBytes] != '{')
            throw new CheckpointException(
                $"{Path}: not a safetensors file, nor one of PyTorch: byte 8 should be '{{'.");
        if (length is < 2 or > SafetensorsHeader.LargestHeader || length > (ulong)_file.Length - LengthBytes)
            throw new CheckpointException(
                $"{Path}: its header claims {length} bytes, the file has {_file.Length}: cut short or not a "
                    + "safetensors file.");
        byte[] header = new byte[length];
        _file.Read(LengthBytes, header);
        return header;
    }
}
