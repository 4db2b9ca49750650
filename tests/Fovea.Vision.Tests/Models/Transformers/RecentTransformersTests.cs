using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;

namespace Fovea.Vision.Tests.Models.Transformers;

/// <summary>DINOv3 and SigLIP's image tower, written once more in double.</summary>
public sealed class RecentTransformersTests
{
    private const int Dim = 16, Heads = 2, Patch = 4;

    [Theory]
    [InlineData("dinov3_vits16", 16, 16)]
    [InlineData("dinov3_vits16plus", 16, 24)]
    [InlineData("vit_small_patch16_dinov3", 24, 16)]
    public void DINOv3_is_that_of_the_formulas_in_double(string preset, int height, int width) =>
        Compare(preset, height, width, (own, image, rows, columns) =>
        {
            const double Epsilon = 1e-5;
            double[][] x = DoubleModel.Tokens(own.Convolution(image, "patch_embed.proj", Patch, 0, 0, rows, columns));
            x = [own["cls_token"], .. own["reg_token"].Chunk(Dim), .. x];
            for (int block = 0; own.Has($"blocks.{block}.norm1.weight"); block++)
            {
                string name = $"blocks.{block}.";
                double[]? bias = own.Has(name + "attn.q_bias")
                    ? [.. own[name + "attn.q_bias"], .. new double[Dim], .. own[name + "attn.v_bias"]] : null;
                double[][] packed = DoubleModel.Linear(own.LayerNorm(x, name + "norm1", Epsilon),
                    own[name + "attn.qkv.weight"], bias);
                double[][] mixed = DoubleModel.Heads(packed, 3, Heads, (_, parts) => DoubleModel.Attention(
                    Turned(parts[0], rows, columns), Turned(parts[1], rows, columns), parts[2],
                    1 / Math.Sqrt(Dim / Heads)));
                x = DoubleModel.Add(x, Scaled(own.Linear(mixed, name + "attn.proj"), own[name + "ls1.gamma"]));
                double[][] normed = own.LayerNorm(x, name + "norm2", Epsilon);
                x = DoubleModel.Add(x, Scaled(own.ShapeOf(name + "mlp.fc1.weight")[0] == 48
                    ? Gated(own, normed, name) : own.Mlp(normed, name + "mlp", DoubleModel.Gelu),
                    own[name + "ls2.gamma"]));
            }

            return own.LayerNorm([x[0]], "norm", Epsilon)[0];
        });

    [Theory]
    [InlineData("vit_base_patch16_siglip_224")]
    [InlineData("vit_base_patch16_siglip_gap_224")]
    public void SigLIPs_tower_is_that_of_the_formulas_in_double(string preset) =>
        Compare(preset, 16, 16, (own, image, rows, columns) =>
        {
            const double Epsilon = 1e-6;
            double scale = 1 / Math.Sqrt(Dim / Heads);
            double[][] x = DoubleModel.Tokens(own.Convolution(image, "patch_embed.proj", Patch, 0, 0, rows, columns));
            x = DoubleModel.Add(x, [.. own["pos_embed"].Chunk(Dim)]);
            for (int block = 0; own.Has($"blocks.{block}.norm1.weight"); block++)
            {
                string name = $"blocks.{block}.";
                double[][] packed = own.Linear(own.LayerNorm(x, name + "norm1", Epsilon), name + "attn.qkv");
                double[][] mixed = DoubleModel.Heads(packed, 3, Heads,
                    (_, parts) => DoubleModel.Attention(parts[0], parts[1], parts[2], scale));
                x = DoubleModel.Add(x, own.Linear(mixed, name + "attn.proj"));
                x = DoubleModel.Add(x,
                    own.Mlp(own.LayerNorm(x, name + "norm2", Epsilon), name + "mlp", DoubleModel.GeluTanh));
            }

            x = own.LayerNorm(x, "norm", Epsilon);
            if (!own.Has("attn_pool.latent"))
                return [.. Enumerable.Range(0, Dim).Select(i => x.Average(token => token[i]))];
            double[][] query = own.Linear([own["attn_pool.latent"]], "attn_pool.q"),
                keysValues = own.Linear(x, "attn_pool.kv");
            double[] pooled = [.. Enumerable.Range(0, Heads).SelectMany(head => DoubleModel.Attention(
                Part(query, head), Part(keysValues, head), Part(keysValues, Heads + head), scale)[0])];
            double[][] y = own.Linear([pooled], "attn_pool.proj");
            return DoubleModel.Add(y, own.Mlp(own.LayerNorm(y, "attn_pool.norm", Epsilon), "attn_pool.mlp",
                DoubleModel.GeluTanh))[0];

            static double[][] Part(double[][] rows, int index) =>
                [.. rows.Select(row => row[(index * Dim / Heads)..((index + 1) * Dim / Heads)])];
        });

    [Theory]
    [InlineData("dinov3_vits16plus")]
    [InlineData("vit_base_patch16_siglip_224")]
    [InlineData("vit_base_patch16_siglip_gap_224")]
    public void Gradients_are_those_of_central_differences(string preset) =>
        ModelGradients.Check(Small(preset).Build(), [2, 3, 16, 16]);

    /// <summary>A bias of the keys adds the same to all scores of a query: without it the scores stay.</summary>
    [Fact]
    public void The_bias_of_keys_is_left_out()
    {
        VisionTransformer model = Small("dinov3_vits16").Build();
        string[] names = [.. model.NamedParameters().Select(entry => entry.Name)];
        Assert.Contains("blocks.0.attn.q_bias", names);
        Assert.Contains("blocks.0.attn.v_bias", names);
        Assert.DoesNotContain("blocks.0.attn.qkv.bias", names);
        Assert.All(model.NamedParameters().Where(entry => entry.Name.EndsWith("_bias", StringComparison.Ordinal)),
            entry => Assert.False(entry.Parameter.Decay));
        // values alone have a bias of their own
        Assert.Contains("blocks.0.attn.qkv.bias", (Small("dinov3_vits16") with
        {
            Attention = "deformable",
            Position = Vision.Position.PositionKind.None,
        }).Build().NamedParameters().Select(entry => entry.Name));
    }

    private static VisionTransformerConfig Small(string preset) =>
        Assert.IsType<VisionTransformerConfig>(Presets.Find(preset).Config) with
        {
            ImageSize = 16,
            PatchSize = Patch,
            Dim = Dim,
            Depth = 2,
            Heads = Heads,
            MlpDim = 24,
        };

    private static void Compare(string preset, int height, int width,
        Func<DoubleModel, double[][,], int, int, double[]> evaluate)
    {
        float[] expected = [];
        foreach ((Device device, double absolute) in new[] { (Device.Reference, 1e-6), (Device.Cpu, 2e-5) })
        {
            using StepScope scope = StepScope.Begin();
            VisionTransformer model = Small(preset).Build();
            model.Initialize(device, 1);
            model.Train(false);
            DoubleModel own = new(model);
            Tensor image = TestTensors.Normal([1, 3, height, width], device, 3);
            if (expected.Length == 0)
                expected = [.. evaluate(own, DoubleModel.Image(image), height / Patch, width / Patch)
                    .Select(value => (float)value)];
            GoldenAssert.Close(expected, model.Forward(image).ToArray(), absolute, 10 * absolute);
        }
    }

    /// <summary>Axial rotary positions: a quarter of the pairs for rows, a quarter for columns.</summary>
    private static double[][] Turned(double[][] vectors, int rows, int columns)
    {
        int prefix = vectors.Length - rows * columns, half = vectors[0].Length / 2, quarter = half / 2;
        return [.. vectors.Select((vector, token) =>
        {
            if (token < prefix) return vector;
            int patch = token - prefix;
            double y = (patch / columns + 0.5) / rows * 2 - 1, x = (patch % columns + 0.5) / columns * 2 - 1;
            double[] turned = new double[vector.Length];
            for (int i = 0; i < half; i++)
            {
                double angle = 2 * Math.PI * (i < quarter ? y : x)
                    / Math.Pow(100, (double)(i % quarter) / quarter);
                turned[i] = vector[i] * Math.Cos(angle) - vector[i + half] * Math.Sin(angle);
                turned[i + half] = vector[i + half] * Math.Cos(angle) + vector[i] * Math.Sin(angle);
            }

            return turned;
        })];
    }

    private static double[][] Gated(DoubleModel own, double[][] x, string name)
    {
        double[][] hidden = own.Linear(x, name + "mlp.fc1");
        return own.Linear([.. hidden.Select(row => Enumerable.Range(0, 24)
            .Select(i => DoubleModel.Silu(row[i]) * row[24 + i]).ToArray())], name + "mlp.fc2");
    }

    private static double[][] Scaled(double[][] x, double[] factors) =>
        [.. x.Select(row => row.Zip(factors, (value, factor) => value * factor).ToArray())];
}
