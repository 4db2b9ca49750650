using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Fovea.Tests;

/// <summary>One tensor of a safetensors file: type name as stored (F32, F64, I64, I32, U8), sizes, little-endian
/// bytes.</summary>
internal sealed record StoredTensor(string Name, string Type, int[] Shape, byte[] Bytes)
{
    /// <summary>Single-precision values; other types throw.</summary>
    public float[] Floats => Type == "F32" ? Cast<float>() : throw Wrong("F32");

    /// <summary>F64, or F32 widened.</summary>
    public double[] Doubles => Type == "F64" ? Cast<double>() : Array.ConvertAll(Floats, value => (double)value);

    /// <summary>I64, or I32 and U8 widened.</summary>
    public long[] Longs => Type switch
    {
        "I64" => Cast<long>(),
        "I32" => Array.ConvertAll(Cast<int>(), value => (long)value),
        "U8" => Array.ConvertAll(Bytes, value => (long)value),
        _ => throw Wrong("I64, I32 or U8"),
    };

    /// <summary>The same as labels or indices.</summary>
    public int[] Ints => Array.ConvertAll(Longs, value => checked((int)value));

    private T[] Cast<T>() where T : struct => MemoryMarshal.Cast<byte, T>(Bytes).ToArray();

    private InvalidOperationException Wrong(string expected) => new($"{Name} is {Type}, not {expected}.");
}

/// <summary>Reads safetensors files, for tests: 8 bytes header length, a JSON header with types, shapes and offsets,
/// then the data.</summary>
internal static class SafetensorsFile
{
    public static IReadOnlyDictionary<string, StoredTensor> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int data = 8 + checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, data - 8));
        Dictionary<string, StoredTensor> tensors = [];
        foreach (JsonProperty entry in header.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__") continue;
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            byte[] bytes = file[(data + offsets[0].GetInt32())..(data + offsets[1].GetInt32())];
            tensors[entry.Name] = new StoredTensor(entry.Name, entry.Value.GetProperty("dtype").GetString()!, shape,
                bytes);
        }

        return tensors;
    }
}
