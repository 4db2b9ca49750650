using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class DatAttentionTests
{
    private const int Dim = 12, Heads = 4;

    private static readonly TokenGrid Grid = new(1, 3, 5);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void With_every_patch_as_a_place_and_no_moves_it_is_softmax_attention(int prefix)
    {
        TokenGrid grid = Grid with { Prefix = prefix };
        DatAttention attention = Create(grid, groups: 2, stride: 1);
        Parameter direction = attention.NamedParameters()
            .Single(entry => entry.Name == "conv_offset.3.weight").Parameter;
        direction.Value.CopyFrom(new float[direction.Shape.Elements]);
        AttentionInput input = Input(grid);

        GoldenAssert.Close(new SoftmaxAttention(Context(grid)).Forward(input).ToArray(),
            attention.Forward(input).ToArray(), 1e-6, 1e-6);
        GoldenAssert.Close(new SoftmaxAttention(Context(grid)).Probabilities(input).ToArray(),
            attention.Probabilities(input).ToArray(), 1e-6, 1e-6);
    }

    /// <summary>What lets the mechanism read projected keys and values: inside the grid the bilinear weights sum to 1,
    /// so that biases pass.</summary>
    [Fact]
    public void Reading_what_was_projected_is_projecting_what_was_read()
    {
        Tensor x = TestTensors.Normal([2, 15, 6], Device.Reference, 1),
            weight = TestTensors.Normal([8, 6], Device.Reference, 2);
        Tensor bias = TestTensors.Normal([8], Device.Reference, 3),
            ones = Tensor.Full([2, 9, 1, 1, 1], 1, Device.Reference);
        Philox random = new(1, 2);
        float[] coordinates = [.. Enumerable.Range(0, 36)
            .Select(i => random.Uniform((ulong)i, i % 2 == 0 ? 0.1f : 1 / 6f, i % 2 == 0 ? 0.9f : 5 / 6f))];
        Tensor places = Tensor.From(coordinates, [2, 9, 1, 1, 1, 2], Device.Reference);

        Tensor Read(Tensor values) => Ops.DeformableSample(new HeadTensor(values, 1), [new(3, 5)], places, ones);
        GoldenAssert.Close(Ops.Linear(Read(x), weight, bias).ToArray(), Read(Ops.Linear(x, weight, bias)).ToArray(),
            1e-6, 1e-6);
    }

    [Theory]
    [InlineData(0.5f)]
    [InlineData(1000)]
    public void However_far_places_move_the_weights_of_a_query_sum_to_one(float range)
    {
        float[] weights = Create(Grid, range: range).Probabilities(Input(Grid)).ToArray();

        Assert.All(weights.Chunk(Grid.Tokens), row => Assert.Equal(1, row.Sum(), 1e-5f));
        Assert.All(weights, weight => Assert.InRange(weight, -1e-6f, 1));
    }

    [Fact]
    public void Groups_choose_places_of_their_own()
    {
        float[][] maps = [.. Create(Grid, groups: 2).Probabilities(Input(Grid)).ToArray()
            .Chunk(Grid.Tokens * Grid.Tokens)];
        bool[][] read = [.. maps
            .Select(map => map.Chunk(Grid.Tokens).First().Select(weight => weight > 1e-7f).ToArray())];

        Assert.Equal(read[0], read[1]);   // heads 0 and 1 are one group
        Assert.Equal(read[2], read[3]);
        Assert.NotEqual(read[0], read[2]);
    }

    [Fact]
    public void Dropout_of_probabilities_takes_the_unfused_path_to_the_same_result()
    {
        DatAttention dropping = new(Context(Grid) with { Dropout = 1e-7f }, groups: 1, stride: 2, range: 1,
            kernel: 5)
        { Context = new() { Random = new Philox(1, 1) } };
        dropping.Initialize(Device.Reference, 1);

        GoldenAssert.Close(Create(Grid).Forward(Input(Grid)).ToArray(), dropping.Forward(Input(Grid)).ToArray(), 1e-6,
            1e-6);
    }

    [Theory]
    [InlineData("dat:groups=3", "dat: 3 groups do not divide 4 heads; give a number that does.")]
    [InlineData("dat:groups=0", "dat: groups must be 1 to 1024, got 0.")]
    [InlineData("dat:stride=4", "dat: stride must be 1 to 3 for 3x5 patches, got 4.")]
    [InlineData("dat:kernel=4", "dat: kernel must be odd, so that it has a centre, got 4.")]
    [InlineData("dat:range=0", "dat: range must be above 0, got 0.")]
    [InlineData("dat:mix=sofmax", "dat: option 'mix' must be softmax or performer, got 'sofmax'.")]
    public void Options_out_of_range_are_refused(string spec, string message) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() =>
            AttentionCatalogue.Create(spec, Context(Grid))).Message);

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Dim, Heads = Heads, HeadDim = Dim / Heads, Grid = grid };

    private static DatAttention Create(TokenGrid grid, int groups = 1, int stride = 2, float range = 1)
    {
        DatAttention attention = new(Context(grid), groups, stride, range, kernel: 5);
        attention.Initialize(Device.Reference, 1);
        return attention;
    }

    private static AttentionInput Input(TokenGrid grid) =>
        new(TestTensors.Normal([2, grid.Tokens, 3 * Dim], Device.Reference, 2), grid, new Linear(Dim, 3 * Dim));
}
