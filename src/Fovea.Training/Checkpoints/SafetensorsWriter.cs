using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Fovea.Training.Checkpoints;

/// <summary>Writes 32-bit float tensors and metadata as a safetensors file with a checksum.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes everything front to back; the tensors are read twice, first for the checksum.</summary>
    /// <param name="stream">Need not be seekable.</param>
    /// <param name="tensors">With names that differ.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; <c>sha256</c> is added.</param>
    public static void Write(Stream stream, IReadOnlyList<NamedValues> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        byte[] header = Describe(tensors, metadata).ToBytes();
        float[] buffer = new float[tensors.Count == 0 ? 0 : tensors.Max(tensor => tensor.Count)];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        foreach (NamedValues tensor in tensors) hash.AppendData(BytesOf(tensor, buffer));
        SafetensorsChecksum.Fill(header, hash.GetHashAndReset());

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (NamedValues tensor in tensors) stream.Write(BytesOf(tensor, buffer));
    }

    private static SafetensorsHeader Describe(IReadOnlyList<NamedValues> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        long position = 0;
        List<SafetensorsEntry> entries = [];
        foreach (NamedValues tensor in tensors)
        {
            long end = position + (long)tensor.Count * sizeof(float);
            entries.Add(new SafetensorsEntry(tensor.Name, "F32", [.. tensor.Shape.Select(size => (long)size)], position, end));
            position = end;
        }

        // The checksum comes first, so that no other string can be taken for it.
        Dictionary<string, string> all = new() { [SafetensorsChecksum.Key] = SafetensorsChecksum.Blank };
        foreach ((string key, string value) in metadata) all.Add(key, value);
        return new SafetensorsHeader(entries, all);
    }

    private static ReadOnlySpan<byte> BytesOf(NamedValues tensor, float[] buffer)
    {
        Span<float> values = buffer.AsSpan(0, tensor.Count);
        tensor.CopyTo(values);
        return MemoryMarshal.AsBytes(values);   // little-endian, as every platform of .NET is that this engine runs on
    }
}
