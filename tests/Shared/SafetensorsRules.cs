using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Fovea.Tests;

/// <summary>The rules of the reference reader of safetensors, read from the format's description and sharing nothing
/// with the project's reader.</summary>
internal static class SafetensorsRules
{
    private const long LargestHeader = 100_000_000;

    private static readonly Dictionary<string, int> Bytes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E5M2"] = 1,
        ["F8_E4M3"] = 1,
        ["I16"] = 2,
        ["U16"] = 2,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I32"] = 4,
        ["U32"] = 4,
        ["F32"] = 4,
        ["F64"] = 8,
        ["I64"] = 8,
        ["U64"] = 8,
    };

    /// <summary>What a file breaks; null where it obeys.</summary>
    public static string? Broken(byte[] file)
    {
        if (file.Length < 8) return "shorter than its length";
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (length > LargestHeader || length > (ulong)(file.Length - 8)) return "header too long";
        if (length % 8 != 0) return "data not aligned to 8 bytes";
        byte[] bytes = file[8..(8 + (int)length)];
        if (bytes.Length == 0 || bytes[0] != '{') return "header does not begin with a brace";
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            if (text.TrimEnd(' ') is not [.., '}']) return "padded with something else than spaces";
            using JsonDocument header = JsonDocument.Parse(text);
            return Broken(header.RootElement, file.Length - 8 - (long)length);
        }
        catch (Exception error)
            when (error is JsonException or ArgumentException or InvalidOperationException or FormatException
                or KeyNotFoundException)
        {
            return $"header: {error.Message}";
        }
    }

    private static string? Broken(JsonElement header, long dataBytes)
    {
        HashSet<string> names = [];
        List<(long Begin, long End, string Name)> places = [];
        foreach (JsonProperty entry in header.EnumerateObject())
        {
            if (!names.Add(entry.Name)) return $"'{entry.Name}' twice";
            if (entry.Name == "__metadata__")
            {
                if (entry.Value.EnumerateObject().Any(value => value.Value.ValueKind != JsonValueKind.String))
                    return "metadata that is no string";
                continue;
            }

            if (!entry.Value.EnumerateObject().Select(member => member.Name).Order()
                .SequenceEqual(["data_offsets", "dtype", "shape"])) return $"members of '{entry.Name}'";
            if (!Bytes.TryGetValue(entry.Value.GetProperty("dtype").GetString()!, out int size))
                return $"type of '{entry.Name}'";
            long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray()
                .Select(offset => offset.GetInt64())];
            long count = entry.Value.GetProperty("shape").EnumerateArray()
                .Aggregate(1L, (product, axis) => checked(product * (long)axis.GetUInt64()));
            if (offsets.Length != 2 || offsets[1] - offsets[0] != count * size) return $"length of '{entry.Name}'";
            places.Add((offsets[0], offsets[1], entry.Name));
        }

        long reached = 0;
        foreach ((long begin, long end, string name) in places.OrderBy(place => place))
        {
            if (begin != reached) return $"hole or overlap before '{name}'";
            reached = end;
        }

        return reached == dataBytes ? null : "data left over, or missing";
    }
}
