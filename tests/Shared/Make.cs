using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Fovea.Tests;

/// <summary>Small files of every format, written independently of the readers under test.</summary>
internal static class Make
{
    public static byte[] Gzip(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal)) gzip.Write(content);
        return packed.ToArray();
    }

    public static byte[] Idx(int[] shape, byte[] content, uint? magic = null)
    {
        byte[] file = new byte[4 + 4 * shape.Length + content.Length];
        BinaryPrimitives.WriteUInt32BigEndian(file, magic ?? 0x0800u + (uint)shape.Length);
        for (int i = 0; i < shape.Length; i++) BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + 4 * i), shape[i]);
        content.CopyTo(file, 4 + 4 * shape.Length);
        return file;
    }

    public static byte[] Tar(params (string Name, byte[] Content)[] files)
    {
        using MemoryStream archive = new();
        using (TarWriter writer = new(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.Directory, "folder/"));
            foreach ((string name, byte[] content) in files)
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile,
                    "folder/" + name)
                { DataStream = new MemoryStream(content) });
        }

        return archive.ToArray();
    }

    /// <summary>Records of label bytes and 3,072 pixels, all different.</summary>
    public static byte[] CifarBinary(int count, int labelBytes, int classes, int salt = 0)
    {
        int stride = labelBytes + 3072;
        byte[] bytes = new byte[count * stride];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < 3072; j++)
                bytes[i * stride + labelBytes + j] = (byte)(i * 7 + j * 13 + (j >> 8) + salt);
            bytes[i * stride + labelBytes - 1] = (byte)(i % classes);
        }

        return bytes;
    }

    /// <summary>The same records as a pickled dict, opcode by opcode as Python 2 writes them.</summary>
    public static byte[] CifarPickle(byte[] binary, string labelKey, bool columnsFirst = false)
    {
        int count = binary.Length / 3073;
        byte[] pixels = new byte[count * 3072];
        for (int i = 0; i < count; i++)
            for (int j = 0; j < 3072; j++)
                pixels[columnsFirst ? j * count + i : i * 3072 + j] = binary[i * 3073 + 1 + j];
        return
        [
            0x80, 2, .. "}q\u0001("u8,
            .. Text(labelKey), .. "]q\u0002("u8,
            .. Enumerable.Range(0, count).SelectMany(i => new byte[] { (byte)'K', binary[i * 3073] }), (byte)'e',
            .. Text("data"), .. "cnumpy.core.multiarray\n_reconstruct\nq\u0003cnumpy\nndarray\nK"u8, 0, 0x85,
            .. Text("b"), 0x87, .. "R("u8,
            .. "K\u0001K"u8, (byte)count, (byte)'M', 0, 12, 0x86,
            .. "cnumpy\ndtype\n"u8, .. Text("u1"), .. "K"u8, 0, .. "K\u0001"u8, 0x87, .. "R(K\u0003"u8,
            .. Text("|"), .. "NNNJ"u8, 255, 255, 255, 255, (byte)'J', 255, 255, 255, 255, .. "K"u8, 0, .. "tb"u8,
            columnsFirst ? (byte)0x88 : (byte)0x89, (byte)'T', .. Little(pixels.Length), .. pixels, .. "tbu."u8,
        ];
    }

    public static byte[] Pickle(params IEnumerable<byte> afterProtocol) => [0x80, 2, .. afterProtocol];

    public static byte[] Text(string text) => [(byte)'U', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    public static byte[] Little(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
