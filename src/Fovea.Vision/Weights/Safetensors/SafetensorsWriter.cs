using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Safetensors;

/// <summary>
/// Writes tensors and metadata as a safetensors file with a checksum: a header padded to 8 bytes, and data in the
/// header's order, larger numbers first, without holes, so that every tensor is aligned.
/// </summary>
public static class SafetensorsWriter
{
    private const int Piece = 1 << 16;

    /// <summary>Writes everything front to back; the tensors are read twice, first for the checksum.</summary>
    /// <param name="stream">Need not be seekable.</param>
    /// <param name="tensors">With names that differ, of type F32, F16, BF16 or I64.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; <c>sha256</c> is added.</param>
    /// <exception cref="CheckpointException">A tensor cannot be read from where it lies.</exception>
    /// <exception cref="UsageException">A number is too large for the type that it is to be stored as; nothing has been
    /// written.</exception>
    public static void Write(Stream stream, IReadOnlyList<Weight> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        tensors = [.. tensors.OrderByDescending(tensor => tensor.Type.Bytes)];   // stable: otherwise as given
        byte[] header = Describe(tensors, metadata).ToBytes();
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        ForPieces(tensors, piece => hash.AppendData(piece));
        SafetensorsChecksum.Fill(header, hash.GetHashAndReset());

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        ForPieces(tensors, stream.Write);
    }

    private static SafetensorsHeader Describe(IReadOnlyList<Weight> tensors,
        IReadOnlyDictionary<string, string> metadata)
    {
        long position = 0;
        List<SafetensorsEntry> entries = [];
        foreach (Weight tensor in tensors)
        {
            long end = position + tensor.Count * tensor.Type.Bytes;
            entries.Add(new SafetensorsEntry(tensor.Name, tensor.Type, tensor.Shape, position, end));
            position = end;
        }

        // The checksum comes first, so that no other string can be taken for it.
        Dictionary<string, string> all = new() { [SafetensorsChecksum.Key] = SafetensorsChecksum.Blank };
        foreach ((string key, string value) in metadata) all.Add(key, value);
        return new SafetensorsHeader(entries, all);
    }

    private static void ForPieces(IReadOnlyList<Weight> tensors, Action<ReadOnlySpan<byte>> use)
    {
        float[] values = new float[Piece];
        byte[] bytes = new byte[Piece * sizeof(long)];
        foreach (Weight tensor in tensors)
        {
            for (long first = 0; first < tensor.Count; first += Piece)
            {
                Span<float> part = values.AsSpan(0, (int)Math.Min(Piece, tensor.Count - first));
                Span<byte> stored = bytes.AsSpan(0, part.Length * tensor.Type.Bytes);
                tensor.Values(first, part);
                WeightTypes.FromSingles(tensor.Type, part, stored);
                if (WeightTypes.FirstOverflow(tensor.Type, part, stored) is float value)
                    throw new UsageException(string.Create(CultureInfo.InvariantCulture,
                        $"'{tensor.Name}' has {value}, which {tensor.Type.Text} does not hold; store it as f32."))
                    { Field = "dtype" };
                use(stored);
            }
        }
    }
}
