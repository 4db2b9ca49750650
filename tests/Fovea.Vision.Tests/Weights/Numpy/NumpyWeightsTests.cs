using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Numpy;

public sealed class NumpyWeightsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".npz");

    public void Dispose() => File.Delete(_path);

    private static readonly Dictionary<string, string> BigVision = new()
    {
        ["LayerNorm_2"] = "LayerNorm_1",
        ["MultiHeadDotProductAttention_1"] = "MultiHeadDotProductAttention_0",
        ["MlpBlock_3"] = "MlpBlock_0",
        ["Transformer/posembed_input/pos_embedding"] = "pos_embedding",
    };

    /// <summary>The first code, and big_vision with and without blocks stacked in one array.</summary>
    [Theory]
    [InlineData("", CompressionLevel.NoCompression, false, false)]
    [InlineData("opt/target/", CompressionLevel.SmallestSize, false, false)]
    [InlineData("params/", CompressionLevel.SmallestSize, true, false)]
    [InlineData("params/img/", CompressionLevel.NoCompression, true, true)]
    public void Weights_in_the_layouts_of_Google_come_back_as_they_were(string root, CompressionLevel level,
        bool isBig, bool isStacked)
    {
        VisionTransformerConfig config = (VisionTransformerConfig)Presets.Find("vit").Config;
        if (isBig) config = config with { Pooling = Pooling.Map, ClassToken = false };
        ImageClassifier model = config.Build();
        model.Initialize(Device.Cpu, seed: 3);
        Dictionary<string, Tensor> state = model.NamedState().ToDictionary(entry => entry.Name,
            entry => entry.Tensor.Value);
        (string Name, int[] Shape, float[] Values)[] arrays = [.. state.SelectMany(entry =>
            ToGoogle(entry.Key, [.. entry.Value.Shape], entry.Value.ToArray(), config.Heads))];
        if (isBig)
            arrays = [.. arrays.Select(array => array with
            {
                Name = BigVision.Aggregate(array.Name, (name, pair) => name.Replace(pair.Key, pair.Value)),
            })];
        if (isStacked) arrays = [.. Stacked(arrays)];
        using (FileStream stream = File.Create(_path))
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create))
        {
            foreach ((string name, int[] shape, float[] values) in arrays)
                NumpyFiles.Add(archive, root + name, shape, values, level);
            if (root.Length > 0) NumpyFiles.Add(archive, "opt/state/step", [], [7], level);
        }

        using WeightFile file = WeightFiles.Open(_path);
        Assert.Equal(root.Length > 0 ? [$"1 arrays outside '{root}'"] : [], file.PassedOver);
        StateDict found = StateDict.Of(file);
        Assert.Equal(state.Keys.Order(), found.Weights.Select(weight => weight.Name).Order());
        Assert.All(found.Weights, weight =>
        {
            Assert.Equal(state[weight.Name].Shape.Select(size => (long)size), weight.Shape);
            Assert.Equal(state[weight.Name].ToArray(), weight.ToArray());
        });
    }

    [Fact]
    public void Arrays_that_no_model_has_are_named_and_not_lost()
    {
        using (FileStream stream = File.Create(_path))
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create))
            foreach (string name in (string[])["Transformer/encoder_norm/scale", "pre_logits/kernel", "t",
                "Transformer/encoderblock_0/Other_7/scale"])
                NumpyFiles.Add(archive, name, [2], [1, 2], CompressionLevel.NoCompression);
        using WeightFile file = WeightFiles.Open(_path);
        Assert.Equal(["norm.weight", "pre_logits/kernel", "t", "Transformer/encoderblock_0/Other_7/scale"],
            file.Weights.Select(weight => weight.Name));
    }

    [Theory]
    [InlineData("<f4", false, "00000000 0000803F 00000040 00004040 00008040 0000A040", "0 1 2 3 4 5")]
    [InlineData("<f4", true, "00000000 0000803F 00000040 00004040 00008040 0000A040", "0 2 4 1 3 5")]
    [InlineData("<f2", false, "0000 003C 0040 0042 0044 0045", "0 1 2 3 4 5")]
    [InlineData("|V2", false, "0000 803F 0040 4040 8040 A040", "0 1 2 3 4 5")]
    [InlineData("<V2", true, "0000 803F 0040 4040 8040 A040", "0 2 4 1 3 5")]
    [InlineData("|u1", false, "00 01 02 03 04 05", "0 1 2 3 4 5")]
    public void Numbers_are_read_in_every_form_and_order(string type, bool isFortran, string bytes,
        string expected)
    {
        WriteOne(type, isFortran, "(2, 3)", Convert.FromHexString(bytes.Replace(" ", "")));
        using WeightFile file = WeightFiles.Open(_path);
        Weight weight = Assert.Single(file.Weights);
        Assert.Equal([2L, 3], weight.Shape);
        Assert.Equal(expected, string.Join(' ', weight.ToArray()));
    }

    [Theory]
    [InlineData(">f4", "(2,)", 8, "type '>f4', which is not read")]
    [InlineData("|O", "(2,)", 8, "type '|O', which is not read")]
    [InlineData("<f4", "(3,)", 8, "has 8 bytes for [3]")]
    [InlineData("<f4", "(4294967296, 4294967296, 4294967296)", 8, "has 8 bytes for [4294967296")]
    [InlineData("<f4", "(99999999999999999999,)", 8, "impossible sizes")]
    [InlineData("<f4", "(-1,)", 8, "a head that is not read")]
    public void Numbers_that_are_not_read_are_named(string type, string shape, int bytes, string words)
    {
        WriteOne(type, false, shape, new byte[bytes]);
        Assert.Contains(words, Assert.Throws<CheckpointException>(() => WeightFiles.Open(_path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_that_unpacks_without_end_is_refused_before_it_is_read()
    {
        using (FileStream stream = File.Create(_path))
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create))
            for (int i = 0; i < 3; i++)
                NumpyFiles.Add(archive, $"a{i}", [16 << 20], new float[16 << 20], CompressionLevel.Fastest);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("would unpack to 192 MiB", Assert.Throws<CheckpointException>(() =>
            WeightFiles.Open(_path)).Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16 << 20);
    }

    [Fact]
    public void A_flipped_bit_is_refused()
    {
        using (FileStream stream = File.Create(_path))
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create))
            NumpyFiles.Add(archive, "a", [2, 2], [1, 2, 3, 4], CompressionLevel.NoCompression);
        byte[] bytes = File.ReadAllBytes(_path);
        int at = bytes.AsSpan().IndexOf(MemoryMarshal.AsBytes<float>([3f]));
        bytes[at] ^= 1;
        File.WriteAllBytes(_path, bytes);
        Assert.Contains("checksum", Assert.Throws<CheckpointException>(() => WeightFiles.Open(_path)).Message,
            StringComparison.Ordinal);
    }

    private void WriteOne(string type, bool isFortran, string shape, byte[] values)
    {
        string order = isFortran ? "True" : "False";
        string head = $"{{'descr': '{type}', 'fortran_order': {order}, 'shape': {shape}, }}".PadRight(117) + "\n";
        byte[] array = [0x93, .. "NUMPY"u8, 1, 0, (byte)head.Length, 0, .. Encoding.Latin1.GetBytes(head), .. values];
        using FileStream stream = File.Create(_path);
        using ZipArchive archive = new(stream, ZipArchiveMode.Create);
        NumpyFiles.Add(archive, "a", array, CompressionLevel.NoCompression);
    }

    /// <summary>Arrays of blocks as one with an axis more in front.</summary>
    private static IEnumerable<(string Name, int[] Shape, float[] Values)> Stacked(
        (string Name, int[] Shape, float[] Values)[] arrays)
    {
        const string Block = "Transformer/encoderblock_";
        ILookup<bool, (string Name, int[] Shape, float[] Values)> parts = arrays.ToLookup(array =>
            array.Name.StartsWith(Block, StringComparison.Ordinal));
        foreach (IGrouping<string, (string Name, int[] Shape, float[] Values)> group in parts[true]
            .OrderBy(array => array.Name, StringComparer.Ordinal)
            .GroupBy(array => array.Name[(array.Name.IndexOf('/', Block.Length) + 1)..]))
            yield return ($"Transformer/encoderblock/{group.Key}", [group.Count(), .. group.First().Shape],
                [.. group.SelectMany(array => array.Values)]);
        foreach ((string Name, int[] Shape, float[] Values) array in parts[false]) yield return array;
    }

    private static IEnumerable<(string Name, int[] Shape, float[] Values)> ToGoogle(string name, int[] shape,
        float[] values, int heads)
    {
        string block = name.StartsWith("blocks.", StringComparison.Ordinal) ? name.Split('.')[1] : "";
        string inner = block.Length > 0 ? string.Join('.', name.Split('.')[2..]) : name;
        string prefix = block.Length > 0 ? $"Transformer/encoderblock_{block}/" : "";
        const string Attention = "MultiHeadDotProductAttention_1/";
        if (inner.StartsWith("attn.qkv", StringComparison.Ordinal))
        {
            int width = shape[0] / 3, size = values.Length / 3;
            bool isBias = shape.Length == 1;
            string[] parts = ["query", "key", "value"];
            for (int i = 0; i < parts.Length; i++)
            {
                float[] part = values[(i * size)..((i + 1) * size)];
                yield return isBias ? ($"{prefix}{Attention}{parts[i]}/bias", [heads, width / heads], part)
                    : ($"{prefix}{Attention}{parts[i]}/kernel", [shape[1], heads, width / heads],
                        Turned(part, width, shape[1]));
            }

            yield break;
        }

        if (inner.StartsWith("attn_pool.", StringComparison.Ordinal))
        {
            foreach (var array in ToPooling(inner["attn_pool.".Length..], shape, values, heads)) yield return array;
            yield break;
        }

        string google = inner switch
        {
            "cls_token" => "cls",
            "pos_embed" => "Transformer/posembed_input/pos_embedding",
            "patch_embed.proj.weight" => "embedding/kernel",
            "patch_embed.proj.bias" => "embedding/bias",
            "norm.weight" => "Transformer/encoder_norm/scale",
            "norm.bias" => "Transformer/encoder_norm/bias",
            "head.weight" => "head/kernel",
            "head.bias" => "head/bias",
            "norm1.weight" => "LayerNorm_0/scale",
            "norm1.bias" => "LayerNorm_0/bias",
            "norm2.weight" => "LayerNorm_2/scale",
            "norm2.bias" => "LayerNorm_2/bias",
            "attn.proj.weight" => Attention + "out/kernel",
            "attn.proj.bias" => Attention + "out/bias",
            "mlp.fc1.weight" => "MlpBlock_3/Dense_0/kernel",
            "mlp.fc1.bias" => "MlpBlock_3/Dense_0/bias",
            "mlp.fc2.weight" => "MlpBlock_3/Dense_1/kernel",
            "mlp.fc2.bias" => "MlpBlock_3/Dense_1/bias",
            _ => throw new InvalidOperationException(name),
        };
        if (google.EndsWith("kernel", StringComparison.Ordinal))
        {
            int outputs = shape[0], inputs = values.Length / shape[0];
            if (shape.Length == 4) yield return (prefix + google, [shape[2], shape[3], shape[1], outputs],
                Convolution(values, shape));
            else if (google.Contains("out/", StringComparison.Ordinal))
                yield return (prefix + google, [heads, inputs / heads, outputs], Turned(values, outputs, inputs));
            else yield return (prefix + google, [inputs, outputs], Turned(values, outputs, inputs));
        }
        else
        {
            yield return (prefix + google, shape, values);
        }
    }

    private static IEnumerable<(string Name, int[] Shape, float[] Values)> ToPooling(string name, int[] shape,
        float[] values, int heads)
    {
        const string Head = "MAPHead_0/", Attention = Head + "MultiHeadDotProductAttention_0/";
        int rows = shape[0];
        switch (name)
        {
            case "latent":
                yield return (Head + "probe", shape, values);
                break;
            case "q.weight" or "q.bias" or "kv.weight" or "kv.bias":
                string[] parts = name[0] == 'q' ? ["query"] : ["key", "value"];
                rows /= parts.Length;
                for (int i = 0; i < parts.Length; i++)
                {
                    int size = values.Length / parts.Length;
                    float[] part = values[(i * size)..((i + 1) * size)];
                    yield return shape.Length == 1 ? ($"{Attention}{parts[i]}/bias", [heads, rows / heads], part)
                        : ($"{Attention}{parts[i]}/kernel", [shape[1], heads, rows / heads],
                            Turned(part, rows, shape[1]));
                }

                break;
            case "proj.weight":
                yield return (Attention + "out/kernel", [heads, shape[1] / heads, rows],
                    Turned(values, rows, shape[1]));
                break;
            case "proj.bias":
                yield return (Attention + "out/bias", shape, values);
                break;
            case "norm.weight" or "norm.bias":
                yield return ($"{Head}LayerNorm_0/{(name == "norm.bias" ? "bias" : "scale")}", shape, values);
                break;
            default:
                string dense =
                    $"{Head}MlpBlock_0/Dense_{(name.StartsWith("mlp.fc1", StringComparison.Ordinal) ? 0 : 1)}";
                yield return shape.Length == 1 ? (dense + "/bias", shape, values)
                    : (dense + "/kernel", [shape[1], rows], Turned(values, rows, shape[1]));
                break;
        }
    }

    private static float[] Turned(float[] values, int rows, int columns)
    {
        float[] turned = new float[values.Length];
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                turned[column * rows + row] = values[row * columns + column];
        return turned;
    }

    // [out, in, row, column] to [row, column, in, out]
    private static float[] Convolution(float[] values, int[] shape)
    {
        float[] turned = new float[values.Length];
        int i = 0;
        for (int o = 0; o < shape[0]; o++)
            for (int c = 0; c < shape[1]; c++)
                for (int y = 0; y < shape[2]; y++)
                    for (int x = 0; x < shape[3]; x++)
                        turned[((y * shape[3] + x) * shape[1] + c) * shape[0] + o] = values[i++];
        return turned;
    }
}
