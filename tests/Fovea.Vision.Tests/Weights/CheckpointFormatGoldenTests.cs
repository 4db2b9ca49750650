using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights;

/// <summary>Files of torch.save against the values that it saved, exactly.</summary>
[Trait("Category", "Golden")]
public sealed class CheckpointFormatGoldenTests
{
    /// <summary>Where the expected values stand that are not in the safetensors file of the same name.</summary>
    private static readonly Dictionary<string, string> Expected = new()
    {
        ["legacy"] = "plain",
        ["wrapped"] = "plain",
        ["module_prefix"] = "training",
        ["bf16"] = "bf16.as_f32",
        ["fp16"] = "fp16.as_f32"
    };

    /// <summary>What stands before the expected names in a file, and what before them in the expected values.</summary>
    private static readonly Dictionary<string, (string File, string Expected)> Prefixes = new()
    {
        ["wrapped"] = ("model.", ""),
        ["module_prefix"] = ("state_dict.module.", "model.")
    };

    public static TheoryData<string> Files { get; } =
        [.. Golden.Find("checkpoint-formats")?.Case.GetProperty("files").EnumerateObject().Select(file => file.Name)
            .Where(name => name.EndsWith(".pth", StringComparison.Ordinal)
                || !name.Contains("as_f32", StringComparison.Ordinal)) ?? ["plain.pth"]];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_tensor_has_the_values_that_were_saved(string name)
    {
        Golden golden = Golden.Load("checkpoint-formats");
        string stem = name[..name.IndexOf('.', StringComparison.Ordinal)];
        (string filePrefix, string expectedPrefix) = Prefixes.GetValueOrDefault(stem, ("", ""));
        IReadOnlyDictionary<string, StoredTensor> expected = SafetensorsFile.Read(
            Path.Combine(golden.Folder, $"{Expected.GetValueOrDefault(stem, stem)}.safetensors"));
        using WeightFile file = WeightFiles.Open(Path.Combine(golden.Folder, name));
        Dictionary<string, Weight> weights = file.Weights.ToDictionary(weight => weight.Name);

        int compared = 0;
        foreach (StoredTensor tensor in expected.Values.Where(tensor =>
            tensor.Name.StartsWith(expectedPrefix, StringComparison.Ordinal)))
        {
            Weight weight = weights[filePrefix + tensor.Name[expectedPrefix.Length..]];
            Assert.Equal(tensor.Shape.Select(size => (long)size), weight.Shape);
            Assert.Equal(Singles(tensor), weight.ToArray());
            compared++;
        }

        Assert.True(compared > 0);
    }

    [Fact]
    public void Pieces_that_begin_anywhere_are_those_of_the_whole()
    {
        Golden golden = Golden.Load("checkpoint-formats");
        string[] names = [.. Files.Select(row => row.Data)
            .Where(name => name.StartsWith("noncontiguous.", StringComparison.Ordinal)
                || name.StartsWith("shared_storage.", StringComparison.Ordinal))];
        Assert.SkipWhen(names.Length == 0, "The fixture has no views of a storage.");
        foreach (string name in names)
        {
            using WeightFile file = WeightFiles.Open(Path.Combine(golden.Folder, name));
            foreach (Weight weight in file.Weights)
            {
                float[] whole = weight.ToArray();
                for (int first = 0; first < whole.Length; first += 3)
                {
                    float[] part = new float[Math.Min(7, whole.Length - first)];
                    weight.Values(first, part);
                    Assert.Equal(whole[first..(first + part.Length)], part);
                }
            }
        }
    }

    private static float[] Singles(StoredTensor tensor) => tensor.Type switch
    {
        "F32" or "F64" => [.. tensor.Doubles.Select(value => (float)value)],
        "BOOL" => [.. tensor.Bytes.Select(value => (float)value)],
        "BF16" => [.. Enumerable.Range(0, tensor.Bytes.Length / 2)
            .Select(i => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(tensor.Bytes, 2 * i) << 16))],
        "F16" => [.. Enumerable.Range(0, tensor.Bytes.Length / 2)
            .Select(i => (float)BitConverter.ToHalf(tensor.Bytes, 2 * i))],
        _ => [.. tensor.Longs.Select(value => (float)value)],
    };
}
