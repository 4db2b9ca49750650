using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Fovea.Vision.Tests.Weights.Support;

/// <summary>Writes archives of numpy arrays, from NEP 1.</summary>
internal static class NumpyFiles
{
    /// <summary>Adds an array of single-precision numbers.</summary>
    public static void Add(ZipArchive archive, string name, int[] shape, float[] values, CompressionLevel level) =>
        Add(archive, name, Array(shape, values), level);

    /// <summary>Adds the bytes of an array.</summary>
    public static void Add(ZipArchive archive, string name, byte[] array, CompressionLevel level)
    {
        using Stream entry = archive.CreateEntry(name + ".npy", level).Open();
        entry.Write(array);
    }

    /// <summary>An array as a file of its own.</summary>
    public static byte[] Array(int[] shape, float[] values)
    {
        string sizes = string.Concat(shape.Select(size => size.ToString(CultureInfo.InvariantCulture) + ","));
        string head = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}";
        head = head.PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)head.Length, 0, .. Encoding.Latin1.GetBytes(head),
            .. MemoryMarshal.AsBytes(values.AsSpan())];
    }
}
