using System.Buffers.Binary;
using System.Text;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Vision.Tests.Weights.Safetensors;

public sealed class SafetensorsRulesTests
{
    [Fact]
    public void Whatever_is_written_obeys_the_rules_of_the_reference_reader()
    {
        Gen<(WeightType Type, int[] Shape)> tensor =
            from type in Gen.Elements(WeightType.F32, WeightType.F16, WeightType.BF16, WeightType.I64)
            from shape in Gen.ArrayOf(Gen.Choose(0, 5))
            select (type, shape.Take(4).ToArray());
        Gen<(string Text, (WeightType Type, int[] Shape)[] Tensors)> files =
            from text in Gen.Elements("", "pt", "x: 1\n\"y\" ü \\ \u0001", "𝛼", new string('m', 301))
            from tensors in Gen.ArrayOf(tensor)
            select (text, tensors);
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(files), file =>
        {
            Weight[] tensors =
            [
                .. file.Tensors.Select((entry, i) => Weight.Of(
                    $"blocks.{i}.\"ä\"", entry.Type, [.. entry.Shape.Select(size => (long)size)],
                    new float[entry.Shape.Aggregate(1, (product, size) => product * size)])),
            ];
            using MemoryStream stream = new();
            SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string> { ["format"] = file.Text });
            Assert.Null(SafetensorsRules.Broken(stream.ToArray()));
        }));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, null)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "data not aligned to 8 bytes")]
    [InlineData("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", 4, "type of 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "length of 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "hole or overlap before 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "data left over, or missing")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "metadata that is no string")]
    [InlineData("{}\n\n\n\n\n\n", 0, "padded with something else than spaces")]
    public void The_rules_tell_right_from_wrong(string header, int dataBytes, string? broken)
    {
        int padded = broken == "data not aligned to 8 bytes" ? header.Length : (header.Length + 7) / 8 * 8;
        byte[] length = new byte[8], json = Encoding.UTF8.GetBytes(header.PadRight(padded));
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        Assert.Equal(broken, SafetensorsRules.Broken([.. length, .. json, .. new byte[dataBytes]]));
    }
}
