using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Tests.Support;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Models.Convolutional;

public sealed class ConvolutionalTransformerTests
{
    private static readonly CvtConfig Small = new()
    {
        ImageSize = 24,
        Kernels = [7, 3],
        Strides = [3, 2],
        Paddings = [2, 1],
        Dims = [4, 6],
        Heads = [1, 2],
        Depths = [1, 2],
        MlpRatio = 2,
        Classes = 3,
    };

    [Fact]
    public void Names_and_shapes_are_the_authors()
    {
        Dictionary<string, Shape> state = Presets.Find("cvt_13").Config.Build().NamedState()
            .ToDictionary(entry => entry.Name, entry => entry.Tensor.Shape);
        // a block: 2 norms of 2, 3 convolutions of 1, 3 batch norms of 5, 6 layers of 2
        Assert.Equal(13 * 34 + 3 * 4 + 1 + 4, state.Count);
        Assert.Equal([64, 3, 7, 7], state["stage0.patch_embed.proj.weight"]);
        Assert.Equal([192, 64, 3, 3], state["stage1.patch_embed.proj.weight"]);
        Assert.Equal([384], state["stage2.patch_embed.norm.bias"]);
        Assert.Equal([1, 1, 384], state["stage2.cls_token"]);
        Assert.DoesNotContain("stage1.cls_token", state.Keys);
        Assert.Equal([192, 1, 3, 3], state["stage1.blocks.1.attn.conv_proj_k.conv.weight"]);
        Assert.Equal([64], state["stage0.blocks.0.attn.conv_proj_q.bn.running_var"]);
        Assert.Equal([], state["stage0.blocks.0.attn.conv_proj_v.bn.num_batches_tracked"]);
        Assert.Equal([384, 384], state["stage2.blocks.9.attn.proj_v.weight"]);
        Assert.Equal([384], state["stage2.blocks.9.attn.proj.bias"]);
        Assert.Equal([1536, 384], state["stage2.blocks.0.mlp.fc1.weight"]);
        Assert.Equal([384], state["norm.weight"]);
        Assert.Equal([1000, 384], state["head.weight"]);
    }

    /// <summary>Layer by layer; in a block the norms have 4 dim, three depthwise kernels and their norms (9 + 2) dim
    /// each, four projections dim² + dim, the MLP 8 dim² + 5 dim.</summary>
    [Theory]
    [InlineData("cvt_13", 1, 2, 10)]
    [InlineData("cvt_21", 1, 4, 16)]
    public void Parameters_are_those_of_the_layers(string name, params int[] depths)
    {
        long Blocks(long dim) => 4 * dim + 3 * (9 + 2) * dim + 4 * (dim * dim + dim) + 8 * dim * dim + 5 * dim;
        long Embedding(long kernel, long inputs, long dim) => kernel * kernel * inputs * dim + dim + 2 * dim;
        long expected = Embedding(7, 3, 64) + Embedding(3, 64, 192) + Embedding(3, 192, 384) + depths[0] * Blocks(64)
            + depths[1] * Blocks(192) + depths[2] * Blocks(384) + 384 + 2 * 384 + 385 * 1000;
        Assert.Equal(expected, Presets.Find(name).ParameterCount);
    }

    /// <summary>The paper has 4.5 and 7.1 GFLOPs (table 3).</summary>
    [Theory]
    [InlineData("cvt_13", 4.5e9)]
    [InlineData("cvt_21", 7.1e9)]
    public void Multiply_adds_are_the_published_ones(string name, double macs) =>
        Assert.Equal(macs, Presets.Find(name).Config.Build().CountForward().Macs, 0.02 * macs);

    /// <summary>The model written once more in double.</summary>
    [Theory]
    [InlineData(24, 24)]
    [InlineData(33, 20)]
    public void Scores_are_those_of_the_formulas_in_double(int height, int width)
    {
        float[] expected = [];
        foreach ((Device device, double absolute) in new[] { (Device.Reference, 1e-6), (Device.Cpu, 2e-5) })
        {
            using StepScope scope = StepScope.Begin();
            ConvolutionalTransformer model = Small.Build();
            model.Initialize(device, 1);
            model.Train(false);
            DoubleModel own = new(model);
            Tensor image = TestTensors.Normal([1, 3, height, width], device, 3);
            if (expected.Length == 0)
                expected = [.. Evaluate(own, DoubleModel.Image(image)).Select(value => (float)value)];
            GoldenAssert.Close(expected, model.Forward(image).ToArray(), absolute, 10 * absolute);
        }
    }

    /// <summary>x sigmoid(1.702 x), from SiLU.</summary>
    [Fact]
    public void The_MLP_has_the_authors_approximation_of_GELU()
    {
        using StepScope scope = StepScope.Begin();
        Mlp mlp = new(1, 1, UnaryOperator.Silu, slope: 1.702f);
        mlp.Initialize(Device.Reference, 1);
        foreach ((_, Nn.Parameter parameter) in mlp.NamedParameters())
            parameter.Value.CopyFrom([parameter.Shape.Rank == 2 ? 1 : 0]);
        float[] x = [-3, -1, -0.5f, 0, 0.5f, 1, 3];
        float[] y = mlp.Forward(Tensor.From(x, [7, 1], Device.Reference)).ToArray();
        for (int i = 0; i < x.Length; i++) Assert.Equal(Quick(x[i]), y[i], 1e-6);
    }

    [Fact]
    public void Gradients_are_those_of_central_differences() => ModelGradients.Check(Small.Build(), [2, 3, 24, 24]);

    [Fact]
    public void Bits_do_not_depend_on_threads_nor_on_the_batch()
    {
        Assert.Equal(Step(1), Step(2));
        Assert.Equal(Step(1), Step(3));
        Assert.Equal(Scores(1), Scores(3)[..3]);

        static float[] Step(int threads)
        {
            using StepScope scope = StepScope.Begin();
            Device device = Device.CreateCpu(threads);
            ConvolutionalTransformer model = (Small with { DropPath = 0.3f, Dropout = 0.1f }).Build();
            model.Initialize(device, 1);
            model.Context = model.Context with { Random = new Philox(1, 1) };
            using (Tape tape = Tape.Record())
                tape.Backward(Ops.CrossEntropy(model.Forward(TestTensors.Normal([3, 3, 24, 24], device)),
                    Tensor.From([0, 1, 2], [3], device)));
            return [.. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray())];
        }

        static float[] Scores(int batch)
        {
            using StepScope scope = StepScope.Begin();
            ConvolutionalTransformer model = Small.Build();
            model.Initialize(Device.Cpu, 1);
            model.Train(false);
            Tensor images = TestTensors.Normal([3, 3, 24, 24], Device.Cpu);
            return model.Forward(Ops.Slice(images, 0, 0, batch)).ToArray();
        }
    }

    /// <summary>Batch norm tells the rest of the program that images of a batch are mixed while training.</summary>
    [Fact]
    public void It_mixes_images_while_training()
    {
        ConvolutionalTransformer model = Small.Build();
        Assert.True(model.MixesImages);
        model.Train(false);
        Assert.False(model.MixesImages);
    }

    /// <summary>The authors' files, alone or wrapped, and those of transformers.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    [InlineData("classifier_of_someone.")]
    [InlineData(null)]
    public void Files_of_the_authors_and_of_transformers_are_read(string? prefix)
    {
        ConvolutionalTransformer model = Small.Build(), again = Small.Build();
        model.Initialize(Device.Cpu, 1);
        _ = new DoubleModel(model);
        using WeightsInMemory file = new([.. model.NamedState().Select(entry =>
            Weight.Of(prefix is null ? Transformers(entry.Name) : prefix + entry.Name, entry.Tensor.Value))]);
        StateDict weights = StateDict.Of(file);
        Assert.Equal(prefix is null ? NamingSchemes.HfCvt : NamingSchemes.Cvt, weights.Scheme);
        LoadPlan.Create(again, weights, "memory", Device.Cpu, strict: true).Initialize(again, Device.Cpu, 9);
        Assert.All(model.NamedState().Zip(again.NamedState()), pair =>
            Assert.Equal(pair.First.Tensor.Value.ToArray(), pair.Second.Tensor.Value.ToArray()));
    }

    [Fact]
    public void Options_that_it_has_are_taken_and_others_refused()
    {
        CvtConfig config = Small.Apply(new() { MlpRatio = 3, DropPath = 0.2f, Dropout = 0.1f });
        Assert.Equal(Small with { MlpRatio = 3, DropPath = 0.2f, Dropout = 0.1f }, config);
        Assert.Equal(config, Small.Apply(config.Describe()));
        Assert.Equal("`depth`: a convolutional vision transformer has stages of 1, 2 blocks.",
            Assert.Throws<UsageException>(() => Small.Apply(new() { Depth = 3 })).Message);
        Assert.Equal("registers",
            Assert.Throws<UsageException>(() => Small.Apply(new() { Registers = 3 })).Field);
        foreach (CvtConfig wrong in (CvtConfig[])[Small with { Heads = [1, 4] }, Small with { Dims = [4] },
            Small with { ImageSize = 2 }, Small with { MlpRatio = 0 }, Small with { MlpRatio = double.NaN },
            Small with { Paddings = [7, 1] }, Small with { Depths = [] }])
            Assert.Throws<UsageException>(() => wrong.Build());
    }

    [Fact]
    public void Images_without_room_for_the_kernels_are_refused()
    {
        using StepScope scope = StepScope.Begin();
        ConvolutionalTransformer model = Small.Build();
        model.Initialize(Device.Cpu, 1);
        model.Train(false);
        Assert.Equal("image-size", Assert.Throws<UsageException>(() =>
            model.Forward(TestTensors.Normal([1, 3, 24, 2], Device.Cpu))).Field);
        Assert.Throws<ShapeException>(() => model.Forward(TestTensors.Normal([1, 1, 24, 24], Device.Cpu)));
        Assert.Equal([1, 3], model.Forward(TestTensors.Normal([1, 3, 24, 3], Device.Cpu)).Shape);
    }

    /// <summary>transformers' name, the other way round than the table that reads it.</summary>
    private static string Transformers(string name)
    {
        string[] parts = name.Split('.');
        if (parts[0] == "norm") return $"layernorm.{parts[1]}";
        if (parts[0] == "head") return $"classifier.{parts[1]}";
        string stage = $"cvt.encoder.stages.{parts[0]["stage".Length..]}", leaf = parts[^1];
        if (parts[1] == "cls_token") return $"{stage}.cls_token";
        if (parts[1] == "patch_embed") return $"{stage}.embedding.convolution_embeddings."
            + $"{(parts[2] == "proj" ? "projection" : "normalization")}.{leaf}";
        string layer = $"{stage}.layers.{parts[2]}", part = parts[4][^1] switch
        {
            'q' => "query",
            'k' => "key",
            _ => "value",
        };
        return (parts[3], parts[4]) switch
        {
            ("norm1", _) => $"{layer}.layernorm_before.{leaf}",
            ("norm2", _) => $"{layer}.layernorm_after.{leaf}",
            ("mlp", "fc1") => $"{layer}.intermediate.dense.{leaf}",
            ("mlp", _) => $"{layer}.output.dense.{leaf}",
            (_, "proj") => $"{layer}.attention.output.dense.{leaf}",
            (_, ['p', ..]) => $"{layer}.attention.attention.projection_{part}.{leaf}",
            _ => $"{layer}.attention.attention.convolution_projection_{part}.convolution_projection."
                + $"{(parts[5] == "conv" ? "convolution" : "normalization")}.{leaf}",
        };
    }

    private static double Quick(double x) => x / (1 + Math.Exp(-1.702 * x));

    private static double[] Evaluate(DoubleModel own, double[][,] map)
    {
        const double Epsilon = 1e-5;
        double[][] tokens = [];
        for (int stage = 0; stage < 2; stage++)
        {
            (int kernel, int stride, int padding) = stage == 0 ? (7, 3, 2) : (3, 2, 1);
            (int rows, int columns) = ((map[0].GetLength(0) + 2 * padding - kernel) / stride + 1,
                (map[0].GetLength(1) + 2 * padding - kernel) / stride + 1);
            tokens = own.LayerNorm(DoubleModel.Tokens(own.Convolution(map, $"stage{stage}.patch_embed.proj", stride,
                padding, padding, rows, columns)), $"stage{stage}.patch_embed.norm", Epsilon);
            (int dim, int heads, int depth) = stage == 0 ? (4, 1, 1) : (6, 2, 2);
            double[][] classToken = stage == 0 ? [] : [own["stage1.cls_token"]];
            tokens = [.. classToken, .. tokens];
            for (int block = 0; block < depth; block++)
            {
                string name = $"stage{stage}.blocks.{block}";
                double[][] normed = own.LayerNorm(tokens, $"{name}.norm1", Epsilon);
                double[][] q = Project("q", 1), k = Project("k", 2), v = Project("v", 2);
                double[][][] mixed = [.. Enumerable.Range(0, heads).Select(head => DoubleModel.Attention(
                    Head(q, head), Head(k, head), Head(v, head), 1 / Math.Sqrt(dim)))];
                tokens = DoubleModel.Add(tokens, own.Linear([.. tokens.Select((_, i) =>
                    mixed.SelectMany(head => head[i]).ToArray())], $"{name}.attn.proj"));
                tokens = DoubleModel.Add(tokens,
                    own.Mlp(own.LayerNorm(tokens, $"{name}.norm2", Epsilon), $"{name}.mlp", Quick));

                double[][] Head(double[][] x, int head) =>
                    [.. x.Select(row => row[(head * dim / heads)..((head + 1) * dim / heads)])];

                double[][] Project(string part, int step)
                {
                    double[][,] y = own.Convolution(
                        DoubleModel.Image(normed[classToken.Length..], rows, columns),
                        $"{name}.attn.conv_proj_{part}.conv",
                        step, 1, 1, (rows - 1) / step + 1, (columns - 1) / step + 1, groups: dim);
                    return own.Linear([.. normed[..classToken.Length], .. DoubleModel.Tokens(y).Select(row =>
                        row.Select((value, i) => Norm($"{name}.attn.conv_proj_{part}.bn", value, i)).ToArray())],
                        $"{name}.attn.proj_{part}");
                }
            }

            map = DoubleModel.Image(tokens[classToken.Length..], rows, columns);
        }

        return own.Linear([own.LayerNorm(tokens, "norm", Epsilon)[0]], "head")[0];

        double Norm(string name, double value, int channel) => (value - own[$"{name}.running_mean"][channel])
            / Math.Sqrt(own[$"{name}.running_var"][channel] + Epsilon) * own[$"{name}.weight"][channel]
            + own[$"{name}.bias"][channel];
    }
}
