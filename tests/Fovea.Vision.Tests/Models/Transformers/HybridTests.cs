using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;

namespace Fovea.Vision.Tests.Models.Transformers;

/// <summary>Vision Transformers on tokens of a residual network.</summary>
public sealed class HybridTests
{
    private static VisionTransformerConfig Small =>
        Assert.IsType<VisionTransformerConfig>(Presets.Find("vit_small_r26_s32_224").Config) with
        {
            ImageSize = 16,
            PatchSize = 8,
            Backbone = [2, 1],
            BackboneWidth = 4,
            Dim = 8,
            Depth = 1,
            Heads = 2,
            MlpDim = 12,
            Classes = 3,
        };

    [Fact]
    public void Names_and_shapes_are_timms()
    {
        Dictionary<string, Shape> state = Presets.Find("vit_small_r26_s32_224").Config.Build().NamedState()
            .ToDictionary(entry => entry.Name, entry => entry.Tensor.Shape);
        Assert.Equal([64, 3, 7, 7], state["patch_embed.backbone.stem.conv.weight"]);
        Assert.Equal([64], state["patch_embed.backbone.stem.norm.bias"]);
        Assert.Equal([256, 64, 1, 1], state["patch_embed.backbone.stages.0.blocks.0.downsample.conv.weight"]);
        Assert.Equal([512, 512, 3, 3], state["patch_embed.backbone.stages.3.blocks.1.conv2.weight"]);
        Assert.Equal([2048], state["patch_embed.backbone.stages.3.blocks.1.norm3.weight"]);
        Assert.Equal([384, 2048, 1, 1], state["patch_embed.proj.weight"]);
        Assert.Equal([1, 50, 384], state["pos_embed"]);
        Assert.Equal(0, ModelStages.Of("patch_embed.backbone.stages.3.blocks.1.norm3.weight", 12));
    }

    /// <summary>Standardised convolutions with SAME padding, group norms, bottlenecks and a transformer's block, in
    /// double.</summary>
    [Theory]
    [InlineData(16, 16)]
    [InlineData(24, 16)]
    public void Scores_are_those_of_the_formulas_in_double(int height, int width)
    {
        float[] expected = [];
        foreach ((Device device, double absolute) in new[] { (Device.Reference, 1e-6), (Device.Cpu, 2e-5) })
        {
            using StepScope scope = StepScope.Begin();
            VisionTransformer model = (Small with { Position = Vision.Position.PositionKind.None }).Build();
            model.Initialize(device, 1);
            model.Train(false);
            DoubleModel own = new(model);
            Tensor image = TestTensors.Normal([1, 3, height, width], device, 3);
            if (expected.Length == 0)
                expected = [.. Evaluate(own, DoubleModel.Image(image)).Select(value => (float)value)];
            GoldenAssert.Close(expected, model.Forward(image).ToArray(), absolute, 10 * absolute);
        }
    }

    [Fact]
    public void Gradients_are_those_of_central_differences() => ModelGradients.Check(Small.Build(), [2, 3, 16, 16]);

    [Fact]
    public void Tokens_lie_where_the_stages_put_them() => Assert.Equal(
        "`patch-size`: a residual network of 2 stages makes tokens 8 pixels apart, not 16.",
        Assert.Throws<UsageException>(() => (Small with { PatchSize = 16 }).Build()).Sentence);

    private static double[] Evaluate(DoubleModel own, double[][,] image)
    {
        const double Epsilon = 1e-6;
        double[][,] x = Relu(Norm(own, Convolution(own, image, "stem.conv", 2), "stem.norm"));
        x = [.. x.Select(channel => Pooled(channel))];
        foreach ((string block, int stride) in new[] { ("stages.0.blocks.0", 1), ("stages.0.blocks.1", 1),
            ("stages.1.blocks.0", 2) })
        {
            double[][,] shortcut = own.Has($"patch_embed.backbone.{block}.downsample.conv.weight")
                ? Norm(own, Convolution(own, x, $"{block}.downsample.conv", stride), $"{block}.downsample.norm") : x;
            double[][,] y = Relu(Norm(own, Convolution(own, x, $"{block}.conv1", 1), $"{block}.norm1"));
            y = Relu(Norm(own, Convolution(own, y, $"{block}.conv2", stride), $"{block}.norm2"));
            y = Norm(own, Convolution(own, y, $"{block}.conv3", 1), $"{block}.norm3");
            x = Relu([.. y.Zip(shortcut, (a, b) => Map(a, (r, c) => a[r, c] + b[r, c]))]);
        }

        double[][] tokens = [own["cls_token"], .. own.Linear(DoubleModel.Tokens(x), "patch_embed.proj")];
        double[][] packed = own.Linear(own.LayerNorm(tokens, "blocks.0.norm1", Epsilon), "blocks.0.attn.qkv");
        tokens = DoubleModel.Add(tokens, own.Linear(DoubleModel.Heads(packed, 3, 2, (_, parts) =>
            DoubleModel.Attention(parts[0], parts[1], parts[2], 0.5)), "blocks.0.attn.proj"));
        tokens = DoubleModel.Add(tokens,
            own.Mlp(own.LayerNorm(tokens, "blocks.0.norm2", Epsilon), "blocks.0.mlp", DoubleModel.Gelu));
        return own.Linear([own.LayerNorm(tokens, "norm", Epsilon)[0]], "head")[0];
    }

    private static double[][,] Convolution(DoubleModel own, double[][,] x, string name, int stride)
    {
        string full = $"patch_embed.backbone.{name}";
        int[] shape = own.ShapeOf($"{full}.weight");
        double[] weight = [.. own[$"{full}.weight"].Chunk(shape[1] * shape[2] * shape[3]).SelectMany(Standardized)];
        (int rows, int columns) = ((x[0].GetLength(0) + stride - 1) / stride,
            (x[0].GetLength(1) + stride - 1) / stride);
        int top = Math.Max(0, (rows - 1) * stride + shape[2] - x[0].GetLength(0)) / 2,
            left = Math.Max(0, (columns - 1) * stride + shape[2] - x[0].GetLength(1)) / 2;
        return own.Convolution(x, full, stride, top, left, rows, columns, weights: weight);

        static IEnumerable<double> Standardized(double[] row)
        {
            double mean = row.Average(), variance = row.Average(value => (value - mean) * (value - mean));
            return row.Select(value => (value - mean) / Math.Sqrt(variance + 1e-8));
        }
    }

    private static double[][,] Norm(DoubleModel own, double[][,] x, string name)
    {
        double[] weight = own[$"patch_embed.backbone.{name}.weight"], bias = own[$"patch_embed.backbone.{name}.bias"];
        int size = x.Length / 2;   // two groups behind a stem of 4 channels
        return [.. x.Select((channel, i) =>
        {
            double[] group = [.. x.Skip(i / size * size).Take(size).SelectMany(one => one.Cast<double>())];
            double mean = group.Average(), variance = group.Average(value => (value - mean) * (value - mean));
            return Map(channel, (r, c) => (channel[r, c] - mean) / Math.Sqrt(variance + 1e-5) * weight[i] + bias[i]);
        })];
    }

    private static double[,] Pooled(double[,] x)
    {
        double[,] y = new double[x.GetLength(0) / 2, x.GetLength(1) / 2];
        return Map(y, (r, c) => (from i in Enumerable.Range(2 * r, 3)
                                 from j in Enumerable.Range(2 * c, 3)
                                 where i < x.GetLength(0) && j < x.GetLength(1)
                                 select x[i, j]).Max());
    }

    private static double[][,] Relu(double[][,] x) => [.. x.Select(channel =>
        Map(channel, (r, c) => Math.Max(0, channel[r, c])))];

    private static double[,] Map(double[,] like, Func<int, int, double> value)
    {
        double[,] y = new double[like.GetLength(0), like.GetLength(1)];
        for (int r = 0; r < y.GetLength(0); r++)
            for (int c = 0; c < y.GetLength(1); c++) y[r, c] = value(r, c);
        return y;
    }
}
