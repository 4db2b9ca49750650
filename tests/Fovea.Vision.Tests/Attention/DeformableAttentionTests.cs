using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class DeformableAttentionTests
{
    private const int Dim = 16, Heads = 8;

    /// <summary>Locations, weights, result and all gradients; every size comes from the case.</summary>
    [Theory]
    [InlineData("deformable-attention-1level", "reference")]
    [InlineData("deformable-attention-1level", "cpu")]
    [InlineData("deformable-attention-2level", "reference")]
    [InlineData("deformable-attention-2level", "cpu")]
    [Trait("Category", "Golden")]
    public void Results_and_gradients_match_the_golden_case(string name, string deviceName)
    {
        Golden golden = Golden.Load(name);
        Device device = TestDevice.Named(deviceName);
        using StepScope scope = StepScope.Begin();
        (int heads, int points) = (golden.Config.GetProperty("heads").GetInt32(),
            golden.Config.GetProperty("points").GetInt32());
        GridLevel[] levels = [.. golden["spatial_shapes"].Ints.Chunk(2)
            .Select(sizes => new GridLevel(sizes[0], sizes[1]))];
        Dictionary<string, Tensor> inputs = ((string[])["query", "reference_points", "value_input"])
            .Select(input => (input, golden[input]))
            .Concat(golden.Weights.Select(weight => (weight.Key, weight.Value)))
            .ToDictionary(entry => entry.Item1, entry => Input(entry.Item2));
        Tensor query = inputs["query"];
        (int batch, int queries) = (query.Shape[0], query.Shape[1]);

        using Tape tape = Tape.Record();
        Tensor references = Ops.Expand(
            inputs["reference_points"].Reshape(batch, queries, 1, levels.Length, 1, 2), batch, queries, heads,
            levels.Length, points, 2).Reshape(batch, queries, -1);
        float[] cells = DeformableAttention.Cells(levels, heads, points);
        Tensor locations = DeformableAttention.Locations(
            Project("sampling_offsets", query), references, Tensor.From(cells, [cells.Length], device), heads,
            levels.Length, points);
        Tensor weights = DeformableAttention.Weights(Project("attention_weights", query), heads, levels.Length, points);
        Tensor sampled = Ops.DeformableSample(new HeadTensor(Project("value_proj", inputs["value_input"]), heads),
            levels, locations, weights);
        Tensor output = Project("output_proj", sampled);
        golden.Compare("sampling_locations", locations);
        golden.Compare("attention_weights", weights);
        golden.Compare("sampled", sampled);
        golden.Compare("output", output);

        tape.Backward(output, golden["cotangent"].ToTensor(device));
        foreach ((string input, Tensor tensor) in inputs) golden.Compare($"grad.{input}", tensor.Gradient, "grad");
        Assert.Equal(golden.Tensors.Keys.Count(key => key.StartsWith("grad.", StringComparison.Ordinal)), inputs.Count);

        Tensor Input(StoredTensor stored)
        {
            Tensor tensor = stored.ToTensor(device);
            tensor.RequiresGradient = true;
            return tensor;
        }

        Tensor Project(string layer, Tensor x) => Ops.Linear(x, inputs[$"{layer}.weight"], inputs[$"{layer}.bias"]);
    }

    [Fact]
    public void Each_head_starts_with_a_direction_of_its_own_and_each_point_a_step_farther()
    {
        DeformableAttention attention = Create(new(1, 3, 5), points: 2, levels: 2);
        float[] offsets = Values(attention, "sampling_offsets.bias");
        (float, float)[] directions = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];

        for (int i = 0; i < offsets.Length / 2; i++)
        {
            (float x, float y) = directions[i / 4];
            Assert.Equal(x * (i % 2 + 1), offsets[2 * i], 1e-6f);
            Assert.Equal(y * (i % 2 + 1), offsets[2 * i + 1], 1e-6f);
        }

        foreach (string zero in (string[])["sampling_offsets.weight", "attention_weights.weight",
            "attention_weights.bias"])
            Assert.All(Values(attention, zero), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Without_offsets_a_patch_reads_itself_and_the_class_token_the_centre()
    {
        TokenGrid grid = new(1, 3, 5);
        DeformableAttention attention = Create(grid);
        Zero(attention, "sampling_offsets.bias");
        float[] weights = attention.Probabilities(Input(grid)).ToArray();

        foreach (float[] map in weights.Chunk(16 * 16))
            for (int i = 0; i < 16; i++)
                for (int j = 0; j < 16; j++)
                    // patch 7 of 15 is the middle one
                    Assert.Equal(j == (i == 0 ? 8 : i) ? 1 : 0, map[i * 16 + j], 1e-5f);
    }

    [Fact]
    public void A_coarser_level_spreads_its_weight_over_the_patches_it_averages()
    {
        TokenGrid grid = new(0, 2, 3);
        DeformableAttention attention = Create(grid, points: 1, levels: 2);
        Zero(attention, "sampling_offsets.bias");
        float[] first = attention.Probabilities(Input(grid)).ToArray()[..6];

        // Patch (0, 0) is at (1/6, 1/4). There the coarse 1 x 2 level reads pixel (−1/6, −1/4): ¾ · 5/6 of its first
        // position, the mean of columns 0 and 1.
        float share = 0.5f * 0.75f * (5 / 6f) / 4;
        GoldenAssert.Close([0.5f + share, share, 0, share, share, 0], first, 1e-6, 1e-6);
    }

    [Fact]
    public void Nobody_reads_the_class_token_and_nothing_is_gained_outside_the_image()
    {
        TokenGrid grid = new(2, 4, 3);
        foreach (float[] row in Create(grid, levels: 2).Probabilities(Input(grid)).ToArray().Chunk(grid.Tokens))
        {
            Assert.Equal([0, 0], row[..2]);
            Assert.InRange(row.Sum(), 0, 1 + 1e-5f);
        }
    }

    [Fact]
    public void Images_of_another_size_are_read_as_if_configured_for_them()
    {
        TokenGrid other = new(1, 2, 5);
        Tensor configured = Create(other, levels: 2).Forward(Input(other)),
            adapted = Create(new(1, 4, 4), levels: 2).Forward(Input(other));

        Assert.Equal(configured.ToArray(), adapted.ToArray());
    }

    [Theory]
    [InlineData("deformable:points=0", "deformable: points must be 1 to 1024, got 0.")]
    [InlineData("deformable:levels=0", "deformable: levels must be 1 to 16, got 0.")]
    [InlineData("deformable:levels=5", "deformable: 5 levels are too many for 3x5 patches; give 4 or fewer.")]
    public void Options_out_of_range_are_refused(string spec, string message) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() =>
            AttentionCatalogue.Create(spec, Context(new(1, 3, 5)))).Message);

    [Fact]
    public void An_input_without_tokens_is_refused()
    {
        AttentionInput input = Input(new(1, 3, 5)) with { Tokens = null };
        Assert.Contains("give Tokens",
            Assert.Throws<InvalidOperationException>(() => Create(new(1, 3, 5)).Forward(input)).Message,
            StringComparison.Ordinal);
    }

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Dim, Heads = Heads, HeadDim = Dim / Heads, Grid = grid };

    private static DeformableAttention Create(TokenGrid grid, int points = 4, int levels = 1)
    {
        DeformableAttention attention = new(Context(grid), points, levels);
        attention.Initialize(Device.Reference, 1);
        return attention;
    }

    private static AttentionInput Input(TokenGrid grid)
    {
        Tensor tokens = TestTensors.Normal([2, grid.Tokens, Dim], Device.Reference, 1);
        return new(TestTensors.Normal([2, grid.Tokens, Dim], Device.Reference, 2), grid, new Linear(Dim, Dim),
            Tokens: tokens);
    }

    private static Parameter Find(Module module, string name) =>
        module.NamedParameters().Single(entry => entry.Name == name).Parameter;

    private static float[] Values(Module module, string name) => Find(module, name).Value.ToArray();

    private static void Zero(Module module, string name) =>
        Find(module, name).Value.CopyFrom(new float[Find(module, name).Shape.Elements]);
}
