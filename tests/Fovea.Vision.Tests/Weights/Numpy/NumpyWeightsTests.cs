using System.IO.Compression;
using System.Runtime.InteropServices;
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

    [Theory]
    [InlineData("", CompressionLevel.NoCompression)]
    [InlineData("params/", CompressionLevel.SmallestSize)]
    public void Weights_in_the_layouts_of_Google_come_back_as_they_were(string root, CompressionLevel level)
    {
        ImageClassifier model = Presets.Find("vit").Config.Build();
        model.Initialize(Device.Cpu, seed: 3);
        Dictionary<string, Tensor> state = model.NamedState().ToDictionary(entry => entry.Name,
            entry => entry.Tensor.Value);
        int heads = ((VisionTransformerConfig)Presets.Find("vit").Config).Heads;
        using (FileStream stream = File.Create(_path))
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create))
            foreach ((string name, int[] shape, float[] values) in state.SelectMany(entry =>
                ToGoogle(entry.Key, [.. entry.Value.Shape], entry.Value.ToArray(), heads)))
                NumpyFiles.Add(archive, root + name, shape, values, level);

        using WeightFile file = WeightFiles.Open(_path);
        StateDict found = StateDict.Of(file);
        Assert.Equal(state.Keys.Order(), found.Weights.Select(weight => weight.Name).Order());
        Assert.All(found.Weights, weight =>
        {
            Assert.Equal(state[weight.Name].Shape.Select(size => (long)size), weight.Shape);
            Assert.Equal(state[weight.Name].ToArray(), weight.ToArray());
        });
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
