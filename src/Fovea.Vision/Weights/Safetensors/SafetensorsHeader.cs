using System.Text;
using System.Text.Json;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Safetensors;

/// <summary>
/// The header of a safetensors file: JSON that maps names to <c>{"dtype", "shape", "data_offsets"}</c>, and
/// <c>__metadata__</c> to strings. Accepted only if the tensors fill the data section without holes or overlaps, as the
/// format asks.
/// </summary>
/// <remarks>Format: https://github.com/huggingface/safetensors#format.</remarks>
internal sealed record SafetensorsHeader(IReadOnlyList<SafetensorsEntry> Entries,
    IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The format's limit on the header, 100 MB.</summary>
    public const long LargestHeader = 100_000_000;

    private const int MostAxes = 32;
    private const string MetadataKey = "__metadata__";
    private static readonly string[] Types = [.. Enum.GetValues<WeightType>().Select(type => type.Text)];

    /// <summary>Reads and checks a header.</summary>
    /// <param name="json">The header without its length.</param>
    /// <param name="dataLength">Bytes in the data section.</param>
    /// <param name="file">Name for messages.</param>
    /// <exception cref="CheckpointException">Anything wrong with it.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string file)
    {
        Dictionary<string, SafetensorsEntry> entries = [];
        Dictionary<string, string> metadata = [];
        try
        {
            Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 4 });
            Expect(ref reader, JsonTokenType.StartObject);
            while (NextName(ref reader, out string name))
            {
                bool isNew = name == MetadataKey ? ReadMetadata(ref reader, metadata)
                    : entries.TryAdd(name, ReadEntry(ref reader, name));
                if (!isNew) throw new FormatException($"'{name}' is there twice");
            }

            if (reader.Read()) throw new FormatException("something follows the closing brace");
            SafetensorsEntry[] ordered = [.. entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End)];
            RequireGapless(ordered, dataLength);
            return new SafetensorsHeader(ordered, metadata);
        }
        catch (Exception error)
            when (error is JsonException or FormatException or InvalidOperationException or DecoderFallbackException)
        {
            throw new CheckpointException($"{file}: the safetensors header is wrong: {error.Message.TrimEnd('.')}.",
                error);
        }
    }

    /// <summary>The header as it is written: one line of JSON, padded with spaces to a multiple of 8 bytes.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteStartObject(MetadataKey);
            foreach ((string key, string value) in Metadata) writer.WriteString(key, value);
            writer.WriteEndObject();
            foreach (SafetensorsEntry entry in Entries) WriteEntry(writer, entry);
            writer.WriteEndObject();
        }

        while (bytes.Length % 8 != 0) bytes.WriteByte((byte)' ');
        return bytes.ToArray();
    }

    private static void WriteEntry(Utf8JsonWriter writer, SafetensorsEntry entry)
    {
        writer.WriteStartObject(entry.Name);
        writer.WriteString("dtype", entry.Type.Text);
        writer.WriteStartArray("shape");
        foreach (long size in entry.Shape) writer.WriteNumberValue(size);
        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(entry.Begin);
        writer.WriteNumberValue(entry.End);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static bool ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        if (metadata.Count > 0) return false;
        if (!reader.Read()) throw new FormatException("it ends too early");
        if (reader.TokenType == JsonTokenType.Null) return true;   // some writers have none, and say so
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new FormatException($"expected StartObject at byte {reader.TokenStartIndex}");
        while (NextName(ref reader, out string key))
        {
            Expect(ref reader, JsonTokenType.String);
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw new FormatException($"'{MetadataKey}.{key}' is there twice");
        }

        return true;
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        WeightType? type = null;
        List<long>? shape = null, offsets = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (NextName(ref reader, out string key))
        {
            bool isNew = key switch
            {
                "dtype" => type is null && (type = ReadType(ref reader, name)) is not null,
                "shape" => shape is null && (shape = ReadNumbers(ref reader)) is not null,
                "data_offsets" => offsets is null && (offsets = ReadNumbers(ref reader)) is not null,
                _ => throw new FormatException($"'{name}' has an unknown member '{key}'"),
            };
            if (!isNew) throw new FormatException($"'{name}.{key}' is there twice");
        }

        if (type is not { } known || shape is null || offsets is not [long begin, long end])
            throw new FormatException($"'{name}' needs dtype, shape and two data_offsets");
        SafetensorsEntry entry = new(name, known, shape, begin, end);
        RequireSize(entry);
        return entry;
    }

    private static WeightType ReadType(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.String);
        string text = reader.GetString()!;
        return Array.IndexOf(Types, text) is int index and >= 0 ? (WeightType)index
            : throw new FormatException($"'{name}' has the unknown element type '{text}'");
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader)
    {
        List<long> numbers = [];
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw new FormatException("sizes and offsets must be whole numbers of at least 0");
            if (numbers.Count == MostAxes) throw new FormatException($"a tensor has more than {MostAxes} axes");
            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>The shape times the element size must be the bytes between the offsets; no product may
    /// overflow.</summary>
    private static void RequireSize(SafetensorsEntry entry)
    {
        Int128 bytes = entry.Type.Bytes;
        foreach (long size in entry.Shape)
        {
            bytes *= size;
            if (bytes > long.MaxValue) throw new FormatException($"'{entry.Name}' is impossibly large");
        }

        if (entry.End < entry.Begin || entry.End - entry.Begin != bytes)
            throw new FormatException(
                $"'{entry.Name}' needs {bytes} bytes but its offsets are {entry.Begin} to {entry.End}");
    }

    private static void RequireGapless(SafetensorsEntry[] ordered, long dataLength)
    {
        long reached = 0;
        foreach (SafetensorsEntry entry in ordered)
        {
            if (entry.Begin < reached) throw new FormatException($"'{entry.Name}' overlaps the tensor before it");
            if (entry.Begin > reached) throw new FormatException($"there is a hole before '{entry.Name}'");
            if (entry.End > dataLength)
                throw new FormatException(
                    $"'{entry.Name}' ends at byte {entry.End} of {dataLength}: the file was cut short "
                    + "or its header lies");
            reached = entry.End;
        }

        if (reached != dataLength)
            throw new FormatException($"the tensors end at byte {reached}, the file at {dataLength}");
    }

    /// <summary>Moves to the next member of an object; false at its end.</summary>
    private static bool NextName(ref Utf8JsonReader reader, out string name)
    {
        name = "";
        if (!reader.Read()) throw new FormatException("it ends too early");
        if (reader.TokenType == JsonTokenType.EndObject) return false;
        name = reader.GetString()!;
        return true;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
            throw new FormatException($"expected {token} at byte {reader.TokenStartIndex}");
    }
}
