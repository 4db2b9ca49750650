using System.Buffers.Binary;
using System.Text;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Safetensors;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tensors_and_metadata_come_back_as_they_were()
    {
        using SafetensorsReader reader = SafetensorsReader.Open(WriteSample());

        Assert.Equal(["a.weight F32 [2, 3]", "b F32 []", "empty F32 [0, 4]"],
            reader.Entries.Select(entry => entry.ToString()).Order());
        Assert.Equal([1, 2, 3, float.NaN, float.NegativeInfinity, -0f], Values(reader, "a.weight"));
        Assert.Equal([7], Values(reader, "b"));
        Assert.Empty(Values(reader, "empty"));
        Assert.Equal("x: 1\n\"y\" ü", reader.Metadata["recipe"]);
        Assert.True(reader.VerifyChecksum());
    }

    [Fact]
    public void The_data_section_starts_at_a_multiple_of_8_bytes()
    {
        byte[] file = File.ReadAllBytes(WriteSample());
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(file) % 8);
    }

    [Fact]
    public void Half_and_brain_floats_are_widened()
    {
        const string Header = """{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}"""
            + ""","b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}""";
        using SafetensorsReader reader = SafetensorsReader.Open(WriteRaw(Header, [0x00, 0x3C, 0x00, 0xC0, 0x40, 0x40]));

        Assert.Equal([1, -2], Values(reader, "h"));
        Assert.Equal([3], Values(reader, "b"));
        Assert.False(reader.VerifyChecksum());   // written by others, so without one
    }

    /// <summary>Numbers that are infinite from the start are none of the writer's business.</summary>
    [Theory]
    [InlineData(WeightType.F16, 65520f, "F16")]
    [InlineData(WeightType.F16, -7e4f, "F16")]
    [InlineData(WeightType.BF16, 3.4e38f, "BF16")]
    public void A_number_that_becomes_infinite_is_refused_before_anything_is_written(WeightType type, float value,
        string called)
    {
        using MemoryStream stream = new();
        UsageException error = Assert.Throws<UsageException>(() => SafetensorsWriter.Write(stream,
        [
            Weight.Of("fine", type, [3], [65504, float.PositiveInfinity, float.NaN]),
            Weight.Of("large", type, [2], [1, value]),
        ], new Dictionary<string, string>()));
        Assert.Equal(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"`dtype`: 'large' has {value}, which {called} does not hold; store it as f32."), error.Sentence);
        Assert.Equal(0, stream.Length);
    }

    [Fact]
    public void Double_precision_beyond_single_is_refused()
    {
        const string Header = """{"d":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}"""
            + ""","i":{"dtype":"F64","shape":[1],"data_offsets":[16,24]}}""";
        byte[] data = new byte[24];
        BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(8), -1e39);
        BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(16), double.PositiveInfinity);
        using SafetensorsReader reader = SafetensorsReader.Open(WriteRaw(Header, data));
        Assert.EndsWith(": 'd' has -1E+39, which single precision does not hold: models compute in it.",
            Assert.Throws<CheckpointException>(() => Values(reader, "d")).Message, StringComparison.Ordinal);
        Assert.Equal([float.PositiveInfinity], Values(reader, "i"));
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        byte[] file = File.ReadAllBytes(WriteSample());
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            byte[] damaged = [.. file];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertRefused(damaged);
        }
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        byte[] file = File.ReadAllBytes(WriteSample());
        for (int length = 0; length < file.Length; length++) AssertRefused(file[..length]);
    }

    [Theory]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"""
        + ""","b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "'b' overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "hole before 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 8, "'a' ends at byte 16 of 8")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        8, "the tensors end at byte 4, the file at 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "'a' needs 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "'a' needs 8 bytes")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""",
        8, "'a' is impossibly large")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "at least 0")]
    [InlineData("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8, "unknown element type 'F33'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "'a' needs dtype, shape and two data_offsets")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"""
        + ""","a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'a' is there twice")]
    [InlineData(
        """{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        8, "'a.dtype' is there twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""", 8, "unknown member 'x'")]
    [InlineData(
        """{"__metadata__":{"k":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        8, "expected String")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"""
        + ""","data_offsets":[0,4]}}""", 4, "more than 32 axes")]
    [InlineData("""{"a":[[[[[1]]]]]}""", 0, "header is wrong")]
    [InlineData("""{"a":{}""", 0, "header is wrong")]
    [InlineData("""{} {}""", 0, "header is wrong")]
    public void A_lying_header_is_refused_with_its_reason(string header, int dataBytes, string reason)
    {
        string path = WriteRaw(header, new byte[dataBytes]);
        string message = Assert.Throws<CheckpointException>(() => SafetensorsReader.Open(path)).Message;

        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { }, "not a safetensors file")]
    [InlineData(new byte[] { 1, 2, 3 }, "not a safetensors file")]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0 }, "not a safetensors file")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' }, "claims 0 bytes")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 127, (byte)'{', (byte)'}' },
        "claims 9223372036854775807 bytes")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, (byte)'{', (byte)'}' },
        "claims 18446744073709551615 bytes")]
    public void Other_files_are_refused(byte[] contents, string reason)
    {
        File.WriteAllBytes(_folder["x"], contents);
        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => SafetensorsReader.Open(_folder["x"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Written_files_obey_the_rules_of_the_reference_reader()
    {
        Weight[] tensors =
        [
            Weight.Of("counter", WeightType.I64, [], [123_456]),
            Weight.Of("odd", WeightType.BF16, [3], [1, -2.5f, 1e30f]),
            Weight.Of("half", WeightType.F16, [1], [0.1f]),
            Weight.Of("single", WeightType.F32, [2], [0.1f, 3]),
        ];
        using MemoryStream stream = new();
        SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        byte[] file = stream.ToArray();
        File.WriteAllBytes(_folder["w"], file);
        using SafetensorsReader reader = SafetensorsReader.Open(_folder["w"]);

        int header = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        Assert.Equal(0, header % 8);
        Assert.Equal((byte)'{', file[8]);
        long reached = 0;
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            Assert.Equal(reached, entry.Begin);
            Assert.Equal(0, entry.Begin % entry.Type.Bytes);
            reached = entry.End;
        }

        Assert.Equal(file.Length, 8 + header + reached);
        Assert.Equal([123_456], Values(reader, "counter"));
        Assert.Equal([1, -2.5f, BitConverter.UInt32BitsToSingle(0x714A0000)], Values(reader, "odd"));
        Assert.Equal([(float)(Half)0.1f], Values(reader, "half"));
        Assert.Equal([0.1f, 3], Values(reader, "single"));
    }

    [Fact]
    public void A_missing_file_is_refused() =>
        Assert.Contains("cannot be read",
            Assert.Throws<CheckpointException>(() => SafetensorsReader.Open(_folder["none"])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Ten_thousand_mutated_headers_raise_nothing_but_the_documented_exception()
    {
        byte[] header = Encoding.UTF8.GetBytes(
            """{"__metadata__":{"k":"v","sha256":"00"}"""
                + ""","a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}"""
                + ""","b":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}""");
        byte[][] pieces = [
            .. new[] { "{", "}", "[", "]", ",", ":", "\"", "-1", "1e400", "99999999999999999999", "null", "\\u0000",
                "\ud800", "[[[[[[", "\"a\":{", "F32" }.Select(Encoding.UTF8.GetBytes)];
        Random random = new(1);
        for (int i = 0; i < 10_000; i++)
        {
            List<byte> mutant = [.. header];
            for (int edits = random.Next(1, 5); edits > 0 && mutant.Count > 0; edits--)
            {
                int at = random.Next(mutant.Count);
                switch (random.Next(4))
                {
                    case 0: mutant[at] = (byte)random.Next(256); break;
                    case 1: mutant.RemoveAt(at); break;
                    case 2: mutant.InsertRange(at, pieces[random.Next(pieces.Length)]); break;
                    default: mutant.RemoveRange(at, Math.Min(random.Next(20), mutant.Count - at)); break;
                }
            }

            try
            {
                SafetensorsHeader.Parse(mutant.ToArray(), 10, "f");
            }
            catch (CheckpointException)
            {
                // the one that is documented
            }
        }
    }

    private string WriteSample()
    {
        Weight[] tensors =
        [
            Weight.Of("a.weight", WeightType.F32, [2, 3], [1, 2, 3, float.NaN, float.NegativeInfinity, -0f]),
            Weight.Of("b", WeightType.F32, [], [7]),
            Weight.Of("empty", WeightType.F32, [0, 4], []),
        ];
        using FileStream file = File.Create(_folder["sample.safetensors"]);
        SafetensorsWriter.Write(file, tensors, new Dictionary<string, string> { ["recipe"] = "x: 1\n\"y\" ü" });
        return file.Name;
    }

    private string WriteRaw(string header, byte[] data)
    {
        byte[] length = new byte[8], json = Encoding.UTF8.GetBytes(header);
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(_folder["raw.safetensors"], [.. length, .. json, .. data]);
        return _folder["raw.safetensors"];
    }

    private void AssertRefused(byte[] contents)
    {
        File.WriteAllBytes(_folder["damaged"], contents);
        try
        {
            using SafetensorsReader reader = SafetensorsReader.Open(_folder["damaged"]);
            // the checksum's own key was hit: a checkpoint without one is refused later
            Assert.False(reader.VerifyChecksum(), "damage went unnoticed");
        }
        catch (CheckpointException)
        {
            // noticed
        }
    }

    private static float[] Values(SafetensorsReader reader, string name)
    {
        SafetensorsEntry entry = reader.Find(name)!;
        float[] values = new float[entry.Count];
        reader.Read(entry, values);
        return values;
    }
}
