using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Explanation;

public sealed class AttentionStatisticsTests
{
    [Fact]
    public void A_uniform_map_has_the_mean_distance_of_the_grid_and_the_largest_entropy()
    {
        const int Length = 7;
        TokenGrid grid = new(Prefix: 2, Rows: 1, Columns: Length);
        AttentionStatistics statistics = new();
        float[] map = new float[grid.Tokens * grid.Tokens];
        Array.Fill(map, 1f / grid.Tokens);
        statistics.Add(0, map, (1, 1), grid, (4, 4));

        HeadAttention head = Assert.Single(statistics.Heads);
        // the mean of |i − j| over a line of n places is (n² − 1) / 3n
        Assert.Equal(4 * (Length * Length - 1) / (3.0 * Length), head.Distance, 1e-6);
        Assert.Equal(Math.Log(grid.Tokens), head.Entropy, 1e-6);
        Assert.Equal(2.0 / grid.Tokens, head.PrefixShare, 1e-6);
        Assert.True(head.IsDoublyStochastic);
    }

    [Fact]
    public void A_map_that_looks_at_itself_has_neither_distance_nor_entropy_and_one_at_one_token_uneven_columns()
    {
        TokenGrid grid = new(0, 2, 2);
        AttentionStatistics statistics = new();
        float[] self = new float[16], one = new float[16];
        for (int i = 0; i < 4; i++) self[5 * i] = one[4 * i] = 1;
        statistics.Add(0, [.. self, .. one], (1, 2), grid, (3, 4));

        Assert.Equal((0.0, 0.0, 0.0, 0.0), (statistics.Heads[0].Distance, statistics.Heads[0].Entropy,
            statistics.Heads[0].RowDeviation, statistics.Heads[0].ColumnDeviation));
        // from the four patches to the first: 0, 4, 3 and 5 pixels; columns sum to 4, 0, 0, 0
        Assert.Equal(3, statistics.Heads[1].Distance, 1e-9);
        Assert.Equal(Math.Sqrt((9 + 1 + 1 + 1) / 4.0), statistics.Heads[1].ColumnDeviation, 1e-9);
        Assert.False(statistics.Heads[1].IsDoublyStochastic);
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("sinkhorn:5")]
    [InlineData("differential")]
    [InlineData("linear")]
    public void A_models_statistics_are_those_of_its_maps(string attention)
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config with { Attention = attention },
            Device.Reference);
        Tensor image = SmallModels.Image(Device.Reference);
        AttentionStatistics statistics = new();
        statistics.Add(model, image);
        using AttentionRecorder recorder = new();
        model.Forward(image, recorder);

        Assert.Equal(4, statistics.Heads.Count);
        foreach (HeadAttention head in statistics.Heads)
        {
            float[] map = recorder.Maps[head.Block].ToArray()[(head.Head * 49)..((head.Head + 1) * 49)];
            double distance = 0, entropy = 0, columns = 0;
            for (int i = 0; i < 7; i++)
            {
                double[] row = [.. Enumerable.Range(0, 7).Select(j => Math.Abs((double)map[7 * i + j]))];
                entropy -= row.Sum(weight => weight == 0 ? 0 : weight / row.Sum() * Math.Log(weight / row.Sum())) / 7;
                columns += Math.Pow(Enumerable.Range(0, 7).Sum(j => (double)map[7 * j + i]) - 1, 2) / 7;
                if (i > 0)
                    distance += Enumerable.Range(1, 6).Sum(j => row[j] * 4
                        * Math.Sqrt(Math.Pow((i - 1) / 3 - (j - 1) / 3, 2) + Math.Pow((i - 1) % 3 - (j - 1) % 3, 2)))
                        / row[1..].Sum() / 6;
            }

            Assert.Equal(distance, head.Distance, 1e-6);
            Assert.Equal(entropy, head.Entropy, 1e-6);
            Assert.Equal(Math.Sqrt(columns), head.ColumnDeviation, 1e-6);
        }
    }

    public static TheoryData<string> Mechanisms => [.. AttentionCatalogue.All.Select(entry => entry.Name)];

    /// <summary>One patch has no other to look at; some mechanisms do not show it itself either.</summary>
    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void One_patch_looks_no_distance(string attention)
    {
        VisionTransformerConfig alone = SmallModels.Config with
        {
            ImageSize = 4,
            Attention = attention == "dat" ? "dat:stride=1" : attention,   // of one patch there is no half
            ClassToken = false,
            Pooling = Pooling.Mean,
        };
        foreach (VisionTransformerConfig config in (VisionTransformerConfig[])[alone,
            alone with { RegisterTokens = 2 }])
        {
            AttentionStatistics statistics = new();
            statistics.Add(SmallModels.Build(config, Device.Cpu), TestTensors.Normal([2, 3, 4, 4], Device.Cpu, 1));

            Assert.NotEmpty(statistics.Heads);
            Assert.All(statistics.Heads, head =>
            {
                Assert.Equal(0, head.Distance);
                Assert.True(double.IsFinite(head.Entropy) && head.PrefixShare is >= 0 and <= 1, $"{head}");
            });
        }
    }

    [Fact]
    public void A_map_of_zeros_looks_nowhere()
    {
        AttentionStatistics statistics = new();
        statistics.Add(0, new float[9], (1, 1), new TokenGrid(1, 1, 2), (4, 4));
        HeadAttention head = Assert.Single(statistics.Heads);
        Assert.Equal((0.0, 0.0, 0.0), (head.Distance, head.Entropy, head.PrefixShare));
    }

    [Fact]
    public void Sinkhorn_is_doubly_stochastic_and_softmax_is_not()
    {
        foreach ((string attention, bool expected) in new[] { ("softmax", false), ("sinkhorn:51", true) })
        {
            AttentionStatistics statistics = new();
            statistics.Add(SmallModels.Build(SmallModels.Config with { Attention = attention }, Device.Cpu),
                SmallModels.Image(Device.Cpu));
            Assert.All(statistics.Heads, head => Assert.Equal(expected, head.IsDoublyStochastic));
        }
    }
}
