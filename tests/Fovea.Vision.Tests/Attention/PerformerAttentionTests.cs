using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Attention;

public sealed class PerformerAttentionTests
{
    private static readonly AttentionContext Context = new() { Dim = 12, Heads = 2, HeadDim = 6, Grid = new(1, 3, 3) };

    private const string Performer = "performer:features=16";

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 5)]
    [InlineData(13, 5)]
    [InlineData(3, 8)]
    public void Drawn_directions_are_orthogonal_in_blocks_and_as_long_as_Gaussian_vectors(int rows, int width)
    {
        float[] values = new float[rows * width];
        OrthogonalFeatures.Draw(values, [rows, width], new Philox(3, 4));
        double Dot(int a, int b) =>
            Enumerable.Range(0, width).Sum(e => (double)values[a * width + e] * values[b * width + e]);

        for (int a = 0; a < rows; a++)
            for (int b = 0; b < a; b++)
                if (a / width == b / width) Assert.Equal(0, Dot(a, b), 1e-5);
        Assert.Equal(rows, Enumerable.Range(0, rows).Select(row => Dot(row, row)).Distinct().Count());
    }

    [Fact]
    public void Squared_lengths_of_directions_have_the_mean_of_a_Gaussian_vectors()
    {
        float[] values = new float[4000 * 7];
        OrthogonalFeatures.Draw(values, [4000, 7], new Philox(3, 4));
        Assert.Equal(7, values.Sum(value => (double)value * value) / 4000, 0.25);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(6, 11)]
    [InlineData(64, 266)]
    public void The_default_number_of_features_is_d_log_d_but_at_least_d(int headDim, int features) =>
        Assert.Equal(features, PerformerOptions.DefaultFeatures(headDim));

    [Theory]
    [InlineData("performer:features=0", "features must be 1 to 65536, got 0")]
    [InlineData("performer:kernel=cosine", "option 'kernel' must be softmax or relu, got 'cosine'")]
    [InlineData("performer:scale=0", "option 'scale' must be above 0, got 0")]
    [InlineData("performer:eps=-1", "eps must be at least 0, got -1")]
    [InlineData("performer:redraw=-2", "redraw must be at least 0, got -2")]
    [InlineData("linear:eps=-1", "eps must be at least 0, got -1")]
    public void Options_out_of_range_are_named(string spec, string expected) =>
        Assert.Contains(expected,
            Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, Context)).Message);

    [Fact]
    public void Weights_of_a_softmax_model_fit_and_bring_no_projection_but_a_saved_one_is_taken()
    {
        VisionTransformer softmax = Model("softmax", 1), performer = Model(Performer, 2), another = Model(Performer, 3);
        float[] drawn = Projection(performer);

        performer.Load(State(softmax));
        Assert.Equal(drawn, Projection(performer));
        Assert.Equal(State(softmax)["blocks.1.attn.qkv.weight"].ToArray(),
            State(performer)["blocks.1.attn.qkv.weight"].ToArray());

        another.Load(State(performer));
        Assert.Equal(drawn, Projection(another));
    }

    [Fact]
    public void A_model_that_was_only_allocated_has_a_projection_too()
    {
        VisionTransformer performer = Config(Performer).Build();
        performer.Allocate(Device.Reference);
        performer.Load(State(Model("softmax", 1)));
        Assert.All(Projection(performer), value => Assert.True(float.IsFinite(value)));
        Assert.Contains(Projection(performer), value => value != 0);
    }

    [Fact]
    public void The_projection_differs_between_blocks_and_is_drawn_again_every_k_steps_of_training_only()
    {
        VisionTransformer model = Model($"{Performer},redraw=2", 1);
        Assert.NotEqual(Projection(model, 0), Projection(model, 1));

        List<float[]> used = [];
        for (int step = 0; step < 5; step++)
        {
            model.Context = model.Context with { Random = Philox.For(9, "dropout", (ulong)step) };
            Step(model);
            used.Add(Projection(model));
            model.Train(false);
            Step(model);
            model.Train();
            Assert.Equal(used[^1], Projection(model));
        }

        Assert.Equal(used[0], used[1]);
        Assert.NotEqual(used[1], used[2]);
        Assert.Equal(used[2], used[3]);
        Assert.NotEqual(used[3], used[4]);
    }

    [Fact]
    public void A_moving_average_takes_projections_over_as_they_are()
    {
        VisionTransformer model = Model(Performer, 1);
        WeightAverage average = new(model, 0.9);
        model.Blocks[0].Attention.NamedBuffers()
            .Single().Buffer.Value.CopyFrom([.. Enumerable.Range(0, 16 * 8).Select(i => (float)i)]);
        float[] replaced = Projection(model);

        average.Update();

        Assert.Equal(replaced, average.State().Single(entry =>
            entry.Name == "blocks.0.attn.projection_matrix").Value.ToArray());
    }

    private static void Step(VisionTransformer model)
    {
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        model.Forward(TestTensors.Normal([1, 3, 8, 8], Device.Reference));
    }

    private static float[] Projection(VisionTransformer model, int block = 0) =>
        model.NamedBuffers().Single(entry =>
            entry.Name == $"blocks.{block}.attn.projection_matrix").Buffer.Value.ToArray();

    private static Dictionary<string, Tensor> State(Module model) =>
        model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value);

    private static VisionTransformer Model(string attention, ulong seed)
    {
        VisionTransformer model = Config(attention).Build();
        model.Initialize(Device.Reference, seed);
        return model;
    }

    private static VisionTransformerConfig Config(string attention) =>
        new() { ImageSize = 8, PatchSize = 4, Dim = 16, Depth = 2, Heads = 2, Classes = 3, Attention = attention };
}
