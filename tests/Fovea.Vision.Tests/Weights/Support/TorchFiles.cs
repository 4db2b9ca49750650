using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Fovea.Vision.Tests.Weights.Support;

/// <summary>Makes files as torch.save does, and such as it never would.</summary>
internal static class TorchFiles
{
    /// <summary>The zip format.</summary>
    /// <param name="pickle">Contents of <c>data.pkl</c>.</param>
    /// <param name="storages">Numbers by key.</param>
    /// <param name="packed">Deflate everything, which torch.save never does.</param>
    /// <param name="more">Further files.</param>
    public static byte[] Zip(byte[] pickle, IEnumerable<(string Key, byte[] Bytes)> storages, bool packed = false,
        params (string Name, byte[] Bytes)[] more)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in storages.Select(entry => ("data/" + entry.Key, entry.Bytes))
                .Prepend(("data.pkl", pickle)).Concat(more))
            {
                using Stream entry = archive.CreateEntry("archive/" + name,
                    packed ? CompressionLevel.SmallestSize : CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }

        return stream.ToArray();
    }

    /// <summary>The format before PyTorch 1.6.</summary>
    public static byte[] Legacy(byte[] pickle, params (string Key, byte[] Bytes)[] storages)
    {
        Pickler keys = new Pickler().Raw("]("u8);
        foreach ((string key, _) in storages) keys.Text(key);
        byte[] magic = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.'];
        byte[] machine = new Pickler().Dict(("little_endian", p => p.Raw(0x88))).ToArray();
        return
        [
            .. magic, .. new Pickler().Number(1001).ToArray(), .. machine, .. pickle, .. keys.Raw((byte)'e').ToArray(),
            .. storages.SelectMany(storage => Long(storage.Bytes.Length / 4).Concat(storage.Bytes)),
        ];
    }

    /// <summary>Two matrices in a dict under <c>model</c>.</summary>
    public static byte[] Sample(bool legacy)
    {
        byte[] pickle = new Pickler().Dict(("model", p => p.Dict(
            ("a.weight", q => q.Tensor("0", 6, 0, [2, 3], [3, 1])),
            ("b.weight", q => q.Tensor("1", 4, 0, [2, 2], [1, 2])))), ("epoch", p => p.Number(3))).ToArray();
        (string, byte[])[] storages = [("0", Floats(1, 2, 3, 4, 5, 6)), ("1", Floats(1, 2, 3, 4))];
        return legacy ? Legacy(pickle, storages) : Zip(pickle, storages);
    }

    public static byte[] Floats(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static byte[] Long(long number)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }
}
