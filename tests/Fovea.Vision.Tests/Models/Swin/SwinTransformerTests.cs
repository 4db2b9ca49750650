using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Swin;
using Fovea.Vision.Position;
using Fovea.Vision.Tests.Support;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Models.Swin;

public sealed class SwinTransformerTests
{
    private static readonly SwinConfig Small = new()
    {
        ImageSize = 16,
        FirstStage = new()
        {
            ImageSize = 16,
            PatchSize = 2,
            Dim = 6,
            Depth = 1,
            Heads = 2,
            MlpDim = 10,
            NormEpsilon = 1e-5f,
            ClassToken = false,
            Pooling = Pooling.Mean,
            Position = PositionKind.None,
            Attention = "swin:4",
        },
        Depths = [2, 3],
        Classes = 3,
    };

    [Fact]
    public void Names_and_shapes_are_timms()
    {
        Dictionary<string, Shape> state = Presets.Find("swin_tiny_patch4_window7_224").Config.Build().NamedState()
            .ToDictionary(entry => entry.Name, entry => entry.Tensor.Shape);
        Assert.Equal(173, state.Count);   // the entries of timm's state dict
        Assert.Equal([96], state["patch_embed.norm.weight"]);
        Assert.Equal([169, 3], state["layers.0.blocks.1.attn.relative_position_bias_table"]);
        Assert.Equal([384, 768], state["layers.2.downsample.reduction.weight"]);
        Assert.Equal([768], state["layers.2.downsample.norm.bias"]);
        Assert.Equal([3072, 768], state["layers.3.blocks.1.mlp.fc1.weight"]);
        Assert.Equal([1152, 384], state["layers.2.blocks.5.attn.qkv.weight"]);
        Assert.Equal([1000, 768], state["head.fc.weight"]);
        Assert.Equal([768], state["norm.weight"]);
    }

    /// <summary>The paper has 4.5, 8.7 and 15.4 GFLOPs (table 1); windows at the border need none for pairs that a mask
    /// would hide.</summary>
    [Theory]
    [InlineData("swin_tiny_patch4_window7_224", 4.5e9)]
    [InlineData("swin_small_patch4_window7_224", 8.7e9)]
    [InlineData("swin_base_patch4_window7_224", 15.4e9)]
    public void Multiply_adds_are_the_published_ones(string name, double macs) =>
        Assert.Equal(macs, Presets.Find(name).Config.Build().CountForward().Macs, 0.01 * macs);

    /// <summary>The paper's model, written once more in double: patches, norm, stages of windows that are rolled and
    /// masked, merging of 2 x 2 tokens, a norm, the mean.</summary>
    [Theory]
    [InlineData(16, 16)]
    [InlineData(32, 16)]
    public void Scores_are_those_of_the_formulas_in_double(int height, int width)
    {
        using StepScope scope = StepScope.Begin();
        SwinTransformer model = Small.Build();
        model.Initialize(Device.Reference, 1);
        model.Train(false);
        DoubleModel own = new(model);
        Tensor image = TestTensors.Normal([1, 3, height, width], Device.Reference, 3);
        float[] expected = [.. Evaluate(own, DoubleModel.Image(image), window: 4).Select(value => (float)value)];
        GoldenAssert.Close(expected, model.Forward(image).ToArray(), 1e-6, 1e-5);

        using StepScope inner = StepScope.Begin();
        SwinTransformer fast = Small.Build();
        fast.Initialize(Device.Cpu, 1);
        fast.Train(false);
        _ = new DoubleModel(fast);
        GoldenAssert.Close(expected, fast.Forward(TestTensors.Normal(image.Shape, Device.Cpu, 3)).ToArray(), 2e-5,
            1e-4);
    }

    [Fact]
    public void Gradients_are_those_of_central_differences() =>
        ModelGradients.Check(
            (Small with { ImageSize = 12, FirstStage = Small.FirstStage with { Attention = "swin:2" } })
            .Build(), [2, 3, 12, 12]);

    /// <summary>Rows and columns without a neighbour are merged with zeros.</summary>
    [Fact]
    public void Grids_of_odd_sizes_are_filled_up()
    {
        using StepScope scope = StepScope.Begin();
        PatchMerging merging = new(2, dim => Small.FirstStage.CreateNorm(dim));
        merging.Initialize(Device.Reference, 1);
        Tensor x = TestTensors.Normal([2, 15, 2], Device.Reference, 1);
        float[] values = x.ToArray(), filled = new float[2 * 24 * 2];
        for (int batch = 0; batch < 2; batch++)
            for (int row = 0; row < 3; row++)
                values.AsSpan((batch * 15 + row * 5) * 2, 10).CopyTo(filled.AsSpan((batch * 24 + row * 6) * 2));
        Assert.Equal(merging.Forward(Tensor.From(filled, [2, 24, 2], Device.Reference), new(0, 4, 6)).ToArray(),
            merging.Forward(x, new(0, 3, 5)).ToArray());
    }

    [Fact]
    public void Bits_do_not_depend_on_threads_nor_on_the_batch()
    {
        Assert.Equal(Step(1), Step(2));
        Assert.Equal(Step(1), Step(3));
        float[] together = Scores(3), alone = Scores(1);
        Assert.Equal(alone, together[..3]);

        static float[] Step(int threads)
        {
            using StepScope scope = StepScope.Begin();
            Device device = Device.CreateCpu(threads);
            SwinTransformer model = Small.Build();
            model.Initialize(device, 1);
            using (Tape tape = Tape.Record())
                tape.Backward(Ops.CrossEntropy(model.Forward(TestTensors.Normal([3, 3, 16, 16], device)),
                    Tensor.From([0, 1, 2], [3], device)));
            return [.. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray())];
        }

        static float[] Scores(int batch)
        {
            using StepScope scope = StepScope.Begin();
            SwinTransformer model = Small.Build();
            model.Initialize(Device.Cpu, 1);
            model.Train(false);
            Tensor images = TestTensors.Normal([3, 3, 16, 16], Device.Cpu);
            return model.Forward(Ops.Slice(images, 0, 0, batch)).ToArray();
        }
    }

    [Fact]
    public void Blocks_computed_again_give_the_same_gradients()
    {
        Assert.Equal(Gradients(false), Gradients(true));

        static float[] Gradients(bool recomputes)
        {
            using StepScope scope = StepScope.Begin();
            SwinTransformer model = (Small with { FirstStage = Small.FirstStage with { DropPath = 0.3f } }).Build();
            model.Initialize(Device.Cpu, 1);
            model.RecomputesBlocks = recomputes;
            model.Context = model.Context with { Random = new Philox(1, 1) };
            using (Tape tape = Tape.Record())
                tape.Backward(Ops.Sum(model.Forward(TestTensors.Normal([4, 3, 16, 16], Device.Cpu))));
            return [.. model.NamedParameters().SelectMany(entry => entry.Parameter.Value.Gradient!.ToArray())];
        }
    }

    /// <summary>The authors' files: merging at the end of a stage, the head's other name, tables that are no
    /// weights.</summary>
    [Fact]
    public void The_authors_names_are_read()
    {
        SwinTransformer model = Small.Build(), again = Small.Build();
        model.Initialize(Device.Cpu, 1);
        _ = new DoubleModel(model);
        Weight[] own = [.. model.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))];
        Weight table = Weight.Of("layers.1.blocks.2.attn.relative_position_index", WeightType.F32, [1], [0]),
            mask = table with { Name = "layers.0.blocks.1.attn_mask" };
        using WeightsInMemory theirs = new([.. own.Select(weight => weight with
        {
            Name = weight.Name.Replace("layers.1.downsample", "layers.0.downsample").Replace("head.fc.", "head."),
        }), table, mask]);
        StateDict weights = StateDict.Of(theirs);
        Assert.Equal(NamingSchemes.Swin, weights.Scheme);
        Assert.Equal([table.Name, mask.Name], weights.LeftAside);
        Load(weights);

        using WeightsInMemory timms = new([.. own, table, mask]);
        weights = StateDict.Of(timms);
        Assert.Equal(NamingSchemes.Timm, weights.Scheme);
        Assert.Equal([table.Name, mask.Name], weights.LeftAside);
        Load(weights);

        void Load(StateDict weights)
        {
            LoadPlan.Create(again, weights, "memory", Device.Cpu, strict: true).Initialize(again, Device.Cpu, 9);
            Assert.All(model.NamedState().Zip(again.NamedState()), pair =>
                Assert.Equal(pair.First.Tensor.Value.ToArray(), pair.Second.Tensor.Value.ToArray()));
        }
    }

    /// <summary>A table of another window is resized as an image is.</summary>
    [Fact]
    public void Another_window_takes_the_table()
    {
        SwinTransformer model = Small.Build(),
            wider = (Small with { FirstStage = Small.FirstStage with { Attention = "swin:8" } }).Build();
        model.Initialize(Device.Cpu, 1);
        Weight[] own = [.. model.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))];
        LoadPlan plan = LoadPlan.Create(wider, new(NamingSchemes.Timm, "", own, []), "memory", Device.Cpu);
        Assert.Equal(5, plan.Report.Resized.Count);
        Assert.Equal("[225, 2]", plan.Report.Resized[0].To);
    }

    [Fact]
    public void Attention_is_named_block_by_block_and_other_parts_are_those_of_a_transformer()
    {
        using StepScope scope = StepScope.Begin();
        SwinConfig config = Small.Apply(new()
        {
            Attention = "swin:4,swin:4,linear,softmax",
            Norm = NormKind.RmsNorm,
            Mlp = MlpKind.SwiGlu,
            LayerScale = 0.1f,
            AttentionGate = Vision.Attention.AttentionGate.Head,
        });
        SwinTransformer model = config.Build();
        model.Initialize(Device.Cpu, 1);
        Assert.Equal(["SwinAttention", "SwinAttention", "LinearAttention", "SoftmaxAttention", "SoftmaxAttention"],
            model.Stages.SelectMany(stage => stage).Select(block => block.Attention.Mechanism.GetType().Name));
        Assert.Equal([1, 3], model.Forward(TestTensors.Normal([1, 3, 16, 16], Device.Cpu)).Shape);
        Assert.Equal("swin:4,swin:4,linear,softmax", config.Describe().Attention?.ToString());
        Assert.Equal(config, Small.Apply(config.Describe()));
    }

    [Fact]
    public void Equal_settings_are_equal()
    {
        Assert.Equal(Small, Small with { Depths = [2, 3] });
        Assert.NotEqual(Small, Small with { Depths = [3, 2] });
        Assert.NotEqual(Small, Small with { FirstStage = Small.FirstStage with { DropPath = 0.1f } });
        Assert.Equal("Depths: stages must be 1 to 8, got 0.",
            Assert.Throws<UsageException>(() => (Small with { Depths = [] }).Build()).Message);
    }

    [Fact]
    public void Its_features_are_a_map_that_Grad_CAM_explains()
    {
        using StepScope scope = StepScope.Begin();
        SwinTransformer model = Small.Build();
        model.Initialize(Device.Cpu, 1);
        model.Train(false);
        Tensor image = TestTensors.Normal([1, 3, 16, 16], Device.Cpu);
        Tensor features = model.Features(image);
        Assert.Equal([1, 12, 4, 4], features.Shape);
        GoldenAssert.Close(model.Forward(image).ToArray(), model.Score(features).ToArray(), 1e-6, 1e-5);
        GradCam cam = GradCam.Of(model, image, 1);
        Assert.Equal((4, 4), (cam.Map.Rows, cam.Map.Columns));
    }

    private static double[] Evaluate(DoubleModel own, double[][,] image, int window)
    {
        const double Epsilon = 1e-5;
        int patch = Small.FirstStage.PatchSize;
        (int rows, int columns) = (image[0].GetLength(0) / patch, image[0].GetLength(1) / patch);
        double[][] x = DoubleModel.Tokens(own.Convolution(image, "patch_embed.proj", patch, 0, 0, rows, columns));
        x = own.LayerNorm(x, "patch_embed.norm", Epsilon);
        for (int stage = 0; stage < Small.Depths.Count; stage++)
        {
            if (stage > 0)
            {
                double[][] before = x;
                int width = columns;
                (rows, columns) = (rows / 2, columns / 2);
                x = [.. Enumerable.Range(0, rows * columns).Select(i =>
                {
                    (int row, int column) = (i / columns * 2, i % columns * 2);
                    return (double[])[.. before[row * width + column], .. before[(row + 1) * width + column],
                        .. before[row * width + column + 1], .. before[(row + 1) * width + column + 1]];
                })];
                x = own.Linear(own.LayerNorm(x, $"layers.{stage}.downsample.norm", Epsilon),
                    $"layers.{stage}.downsample.reduction");
            }

            for (int block = 0; block < Small.Depths[stage]; block++)
            {
                string name = $"layers.{stage}.blocks.{block}";
                int heads = Small.FirstStage.Heads << stage, side = 2 * window - 1;
                int down = block % 2 == 0 || rows <= window ? 0 : window / 2,
                    right = block % 2 == 0 || columns <= window ? 0 : window / 2;
                (int gridRows, int gridColumns) = (rows, columns);
                double[] table = own[$"{name}.attn.relative_position_bias_table"];
                double[][] packed = own.Linear(own.LayerNorm(x, $"{name}.norm1", Epsilon), $"{name}.attn.qkv");
                double[][] mixed = DoubleModel.Heads(packed, 3, heads, (head, parts) => DoubleModel.Attention(parts[0],
                    parts[1], parts[2], 1 / Math.Sqrt(parts[0][0].Length),
                    (i, j) => table[((Rolled(i).Row - Rolled(j).Row + window - 1) * side + Rolled(i).Column
                        - Rolled(j).Column + window - 1) * heads + head],
                    (i, j) => (Rolled(i).Row / window, Rolled(i).Column / window)
                        == (Rolled(j).Row / window, Rolled(j).Column / window)
                        && (Region(Rolled(i).Row, gridRows, down), Region(Rolled(i).Column, gridColumns, right))
                        == (Region(Rolled(j).Row, gridRows, down), Region(Rolled(j).Column, gridColumns, right))));
                x = DoubleModel.Add(x, own.Linear(mixed, $"{name}.attn.proj"));
                x = DoubleModel.Add(x,
                    own.Mlp(own.LayerNorm(x, $"{name}.norm2", Epsilon), $"{name}.mlp", DoubleModel.Gelu));

                (int Row, int Column) Rolled(int token) =>
                    ((token / gridColumns - down + gridRows) % gridRows,
                        (token % gridColumns - right + gridColumns) % gridColumns);
            }
        }

        return own.Linear([DoubleModel.Mean(own.LayerNorm(x, "norm", Epsilon))], "head.fc")[0];

        int Region(int place, int size, int by) => by == 0 || place < size - window ? 0 : place < size - by ? 1 : 2;
    }
}
