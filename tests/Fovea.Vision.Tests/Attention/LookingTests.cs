using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

/// <summary>What mechanisms tell about themselves: windows by epoch, sampling locations.</summary>
public sealed class LookingTests
{
    private static readonly AttentionContext Context = new() { Dim = 12, Heads = 2, HeadDim = 6, Grid = new(2, 3, 4) };

    /// <summary>Distances beyond the spans of relative positions.</summary>
    private static readonly AttentionContext Wide = Context with { Grid = new(2, 4, 9) };

    /// <summary>Where all scores are 0, attention is the window's factors, normalised; in every epoch, whichever is
    /// set. One iteration of Sinkhorn's is softmax, and random features of 0 are alike.</summary>
    [Theory]
    [InlineData("softmax:window=1/2,until=3/5")]
    [InlineData("softmax:window=1,until=2,lai=sequence")]
    [InlineData("softmax:window=2,lai=sequence,class=band")]
    [InlineData("softmax:soft=1,fade=4")]
    [InlineData("softmax:soft=1.5,penalty=3,window=2,until=3")]
    [InlineData("softmax:soft=1.5,fade=3,window=2")]
    [InlineData("sinkhorn:1,soft=1,penalty=2")]
    [InlineData("sinkhorn:1,soft=1,lai=sequence,fade=4")]
    [InlineData("performer:soft=1.5,penalty=0.5")]
    [InlineData("performer:soft=1,lai=sequence,class=band,penalty=0.2")]
    [InlineData("disentangled:soft=1,span=2")]
    [InlineData("disentangled:soft=1,penalty=3,window=3,until=3,fade=6")]
    [InlineData("disentangled:soft=1,span=4,farthest=8,axes=1,lai=sequence")]
    [InlineData("disentangled:soft=1,span=1,axes=1,lai=sequence,class=band,cls=sequence")]
    [InlineData("disentangled:soft=1,span=2,penalty=0.5,mix=performer")]
    public void Without_scores_attention_is_the_window(string spec)
    {
        ILocalAttention attention = (ILocalAttention)AttentionCatalogue.Create(spec, Wide);
        Module module = (Module)attention;
        module.Initialize(Device.Reference, 1);
        Linear projection = new(12, attention.ProjectedWidth, false);
        projection.Initialize(Device.Reference, 2);
        int n = Wide.Grid.Tokens;
        Tensor nothing = Tensor.Zeros([1, n, attention.ProjectedWidth], Device.Reference);
        AttentionInput input = new(nothing, Wide.Grid, projection);
        foreach (int epoch in attention.Locality!.Stages.Append(1).Append(9))
        {
            module.Context = module.Context with { Epoch = 9 - epoch };
            float[] factors = Factors(attention, epoch);
            module.Context = module.Context with { Epoch = epoch };
            float[] expected = [.. factors.Chunk(n).SelectMany(row => row.Select(value => value / row.Sum()))];
            GoldenAssert.Close(expected, attention.Probabilities(input).ToArray(), 1e-6, 1e-5,
                $"{spec}, epoch {epoch}");
        }

        Assert.Contains(Factors(attention, 0), value => value < 1);
    }

    /// <summary>A soft window penalises a patch's distance, whatever the mechanism's own buckets; random features the
    /// nearest distance of a range that doubles.</summary>
    [Theory]
    [InlineData("softmax:soft=1.25", false)]
    [InlineData("sinkhorn:soft=1.25", false)]
    [InlineData("disentangled:soft=1.25", false)]
    [InlineData("disentangled:soft=1.25,span=1,terms=p2p", false)]
    [InlineData("disentangled:soft=1.25,span=4,farthest=7", false)]
    [InlineData("performer:soft=1.25", true)]
    [InlineData("disentangled:soft=1.25,mix=performer,span=1", true)]
    public void A_soft_window_is_a_function_of_the_distance_alone(string spec, bool isCoarse)
    {
        const float Radius = 1.25f;
        ILocalAttention attention = (ILocalAttention)AttentionCatalogue.Create(spec, Wide);
        ((Module)attention).Initialize(Device.Reference, 1);
        float[] factors = Factors(attention, 0);
        TokenGrid grid = Wide.Grid;
        for (int pair = 0; pair < grid.Tokens * grid.Tokens; pair++)
        {
            (int i, int j) = Math.DivRem(pair, grid.Tokens);
            double expected = 0;
            if (i >= grid.Prefix && j >= grid.Prefix)
            {
                (int from, int to) = (i - grid.Prefix, j - grid.Prefix);
                int distance = Math.Max(Seen(from / grid.Columns - to / grid.Columns),
                    Seen(from % grid.Columns - to % grid.Columns));
                expected = -Math.Log(1 + Math.Exp(distance - Radius));
            }

            Assert.Equal(expected, Math.Log(factors[pair]), 1e-5);
        }

        int Seen(int offset)
        {
            int distance = Math.Abs(offset);
            if (!isCoarse || distance <= 2) return distance;
            int power = 2;
            while (2 * power < distance) power *= 2;
            return power + 1;
        }
    }

    [Theory]
    [InlineData("disentangled:soft=1,lai=sequence")]
    [InlineData("disentangled:soft=1,axes=1")]
    [InlineData("disentangled:soft=1,axes=1,lai=sequence,class=band")]
    [InlineData("disentangled:window=1,axes=1,lai=sequence,cls=sequence")]
    public void Windows_over_other_axes_than_the_positions_are_refused(string spec) =>
        Assert.Contains("the window must lie over the same axes",
            Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, Wide)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Stages_are_the_epochs_that_change_something()
    {
        Assert.Equal([0, 5, 10], Stages("softmax:window=1/2,until=5/10"));
        Assert.Equal([0], Stages("softmax:window=2"));
        Assert.Equal([0, 3, 6], Stages("softmax:soft=1,fade=6"));

        static IReadOnlyList<int> Stages(string spec) =>
            ((ILocalAttention)AttentionCatalogue.Create(spec, Context)).Locality!.Stages;
    }

    /// <summary>The map of deformable attention, from its sampling locations and weights alone: each is shared by the
    /// four patches around it.</summary>
    [Fact]
    public void Places_and_weights_make_the_map_of_deformable_attention()
    {
        DeformableAttention attention = (DeformableAttention)AttentionCatalogue.Create("deformable:points=3", Context);
        AttentionInput input = Prepare(attention);
        SamplingLocations sampled = attention.Locate(input);
        float[] locations = sampled.Locations.ToArray(), weights = sampled.Weights!.ToArray(),
            expected = attention.Probabilities(input).ToArray();
        (int n, int rows, int columns) = (Context.Grid.Tokens, 3, 4);
        float[] map = new float[expected.Length];
        Assert.Equal([1, n, 2, 3, 2], sampled.Locations.Shape);
        for (int i = 0; i < weights.Length; i++)
        {
            (int query, int head) = (i / 6, i / 3 % 2);
            (float x, float y) = (locations[2 * i] * columns - 0.5f, locations[2 * i + 1] * rows - 0.5f);
            for (int patch = 0; patch < rows * columns; patch++)
            {
                float share = Math.Max(0, 1 - Math.Abs(x - patch % columns)) * Math.Max(0,
                    1 - Math.Abs(y - patch / columns));
                map[(head * n + query) * n + 2 + patch] += weights[i] * share;
            }
        }

        GoldenAssert.Close(expected, map, 1e-5, 1e-4);
    }

    [Fact]
    public void Places_of_dat_lie_between_the_patches_centres()
    {
        DatAttention attention = (DatAttention)AttentionCatalogue.Create("dat:groups=2,kernel=3,range=4", Context);
        AttentionInput input = Prepare(attention);
        SamplingLocations sampled = ((ISamplingAttention)attention).Locate(input);

        Assert.Equal([1, 1, 2, 4, 2], sampled.Locations.Shape);
        Assert.Null(sampled.Weights);
        Assert.All(sampled.Locations.ToArray().Chunk(2), location => Assert.True(
            location[0] >= 0.125f - 1e-6f && location[0] <= 0.875f + 1e-6f && location[1] >= 1 / 6f - 1e-6f
                && location[1] <= 5 / 6f + 1e-6f, $"({location[0]}, {location[1]})"));
    }

    private static float[] Factors(ILocalAttention attention, int epoch) =>
        attention.Locality!.Factors(attention.WindowRelation(Wide.Grid, epoch), epoch);

    private static AttentionInput Prepare(IAttention attention)
    {
        Module module = (Module)attention;
        module.Initialize(Device.Reference, 5);
        module.Train(false);
        foreach ((int i, (_, Parameter parameter)) in module.NamedParameters().Index())
            parameter.Value.CopyFrom(
                Ops.Add(parameter, TestTensors.Normal(parameter.Shape, Device.Reference, 10 + (ulong)i, 0.2))
                    .ToArray());
        Linear projection = new(12, attention.ProjectedWidth);
        LayerNorm norm = new(12);
        projection.Initialize(Device.Reference, 6);
        norm.Initialize(Device.Reference, 7);
        Tensor tokens = TestTensors.Normal([1, Context.Grid.Tokens, 12], Device.Reference, 3);
        return new(projection.Forward(norm, tokens), Context.Grid, projection, norm, tokens);
    }
}
