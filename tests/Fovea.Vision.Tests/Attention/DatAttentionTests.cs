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

    /// <summary>Everything but the locations written down in double: means of 2 × 2 patches, bilinear reading of keys,
    /// values and the table of biases, softmax.</summary>
    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, true)]
    [InlineData(2, 2, false)]
    [InlineData(3, 1, true)]
    public void Is_softmax_over_what_lies_at_the_locations_with_the_bias_of_their_offsets(int levels, int groups,
        bool bias)
    {
        DatAttention attention = new(Context(Grid), groups, 1, 1.5, 3, levels: levels, bias: bias);
        attention.Initialize(Device.Reference, 1);
        AttentionInput input = Input(Grid);
        Matrix? table = bias
            ? Matrix.From(attention.NamedParameters().Single(entry => entry.Name == "rpe_table").Parameter.Value
                .Reshape(Heads, 5 * 9)) : null;
        float[] places = ((ISamplingAttention)attention).Locate(input).Locations.ToArray();
        int all = places.Length / (2 * groups * 2), each = all / levels;
        float[] expected = Matrix.Merge(2, Heads, (sample, head) =>
        {
            Matrix q = Matrix.Head(input.Projected, sample, 0, head, Heads);
            Matrix k = Read(Matrix.Head(input.Projected, sample, 1, head, Heads)),
                v = Read(Matrix.Head(input.Projected, sample, 2, head, Heads));
            return new Matrix(Grid.Tokens, all + 1, (i, j) => Enumerable.Range(0, Dim / Heads)
                .Sum(e => q[i, e] * k[j, e]) / Math.Sqrt(Dim / Heads) + Bias(i, j)).Softmax() * v;

            (double X, double Y) Place(int j)
            {
                int at = ((sample * groups + head / (Heads / groups)) * all + j) * 2;
                return (places[at], places[at + 1]);
            }

            double Bias(int i, int j)
            {
                if (table is null || i == 0 || j == all) return 0;
                (double x, double y) = Place(j);
                return Bilinear(5, 9, (i - 1) / 5 - (y * 3 - 0.5) + 2, (i - 1) % 5 - (x * 5 - 0.5) + 4,
                    (row, column) => table[head, row * 9 + column]);
            }

            Matrix Read(Matrix tokens) => new(all + 1, Dim / Heads, (j, e) =>
            {
                if (j == all) return tokens[0, e];
                (double x, double y) = Place(j);
                int level = j / each, rows = (3 + (1 << level) - 1) >> level, columns = (5 + (1 << level) - 1) >> level;
                return Bilinear(rows, columns, y * rows - 0.5, x * columns - 0.5,
                    (row, column) => Pooled(tokens, level, row, column, e));
            });
        });

        GoldenAssert.Close(expected, attention.Forward(input).ToArray(), 2e-6, 2e-6);

        static double Pooled(Matrix tokens, int level, int row, int column, int e)
        {
            if (level == 0) return tokens[1 + row * 5 + column, e];
            int rows = (3 + (1 << (level - 1)) - 1) >> (level - 1),
                columns = (5 + (1 << (level - 1)) - 1) >> (level - 1);
            return (from i in Enumerable.Range(2 * row, 2)
                    from j in Enumerable.Range(2 * column, 2)
                    where i < rows && j < columns
                    select Pooled(tokens, level - 1, i, j, e)).Average();
        }

        static double Bilinear(int rows, int columns, double y, double x, Func<int, int, double> of) =>
            (from row in Enumerable.Range(0, rows)
             from column in Enumerable.Range(0, columns)
             select Math.Max(0, 1 - Math.Abs(y - row)) * Math.Max(0, 1 - Math.Abs(x - column)) * of(row, column)).Sum();
    }

    [Fact]
    public void Tables_of_biases_are_resized_where_weights_are_loaded()
    {
        DatAttention attention = new(Context(new(1, 4, 4)), 1, 2, 1, 5, bias: true);
        IGridWeights weights = attention;
        Tensor table = TestTensors.Normal([Heads, 13, 13], Device.Reference, 1);
        Assert.Equal([Heads, 7, 7], weights.AdaptWeight("rpe_table", table).Shape);
        Assert.Same(table, weights.AdaptWeight("conv_offset.3.weight", table));
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
    [InlineData("dat:levels=5", "dat: 5 levels are too many for 3x5 patches; give 4 or fewer.")]
    [InlineData("dat:bias=true,mix=performer",
        "dat: option 'bias' needs 'mix=softmax'; random features have no scores to add to.")]
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
