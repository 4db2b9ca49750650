using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Explanation;

public sealed class AttentionRolloutTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 4)]
    [InlineData(9, 2, 1)]
    public void Attention_to_oneself_alone_goes_nowhere(int tokens, int heads, int blocks)
    {
        float[] identity = [.. Enumerable.Range(0, tokens * tokens).Select(i => i % (tokens + 1) == 0 ? 1f : 0)];
        Tensor map = Tensor.From([.. Enumerable.Repeat(identity, heads).SelectMany(one => one)],
            [1, heads, tokens, tokens], Device.Reference);

        Assert.Equal(identity, AttentionRollout.Of([.. Enumerable.Repeat(map, blocks)]).ToArray());
    }

    /// <summary>
    /// Heads' means [½ ½; 0 1] and [1 0; ¼ ¾] become [¾ ¼; 0 1] and [1 0; ⅛ ⅞] with the residual, and the later one
    /// times the earlier one is [¾ ¼; 3/32 29/32].
    /// </summary>
    [Fact]
    public void Two_blocks_by_hand()
    {
        Tensor first = Tensor.From([1f, 0, 0, 1, 0, 1, 0, 1], [1, 2, 2, 2], Device.Reference);
        Tensor second = Tensor.From([1, 0, 0.25f, 0.75f], [1, 1, 2, 2], Device.Reference);

        Assert.Equal([0.75f, 0.25f, 3 / 32f, 29 / 32f], AttentionRollout.Of([first, second]).ToArray());
    }

    /// <summary>Rows that do not sum to 1, as where deformable attention reads beside the image, are made to.</summary>
    [Theory]
    [InlineData(0.5f)]
    [InlineData(0.1f)]
    [InlineData(1f)]
    public void Rows_sum_to_one(float residual)
    {
        Tensor full = Ops.Softmax(TestTensors.Normal([3, 4, 7, 7], Device.Cpu, 1)),
            partial = Ops.Scale(Ops.Softmax(TestTensors.Normal([3, 2, 7, 7], Device.Cpu, 2)), 0.3f);
        Tensor nothing = Tensor.Zeros([3, 1, 7, 7], Device.Cpu);
        float[] sums = Ops.Sum(AttentionRollout.Of([full, partial, nothing], residual), 2).ToArray();

        Assert.Equal(21, sums.Length);
        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-5));
    }

    public static TheoryData<string> Mechanisms => [.. AttentionCatalogue.All.Select(entry => entry.Name)];

    /// <summary>Shares, whatever the signs of a mechanism's weights; parameters are so large that there are both where
    /// a mechanism can have them.</summary>
    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Rollout_and_attention_are_shares_for_every_mechanism(string attention)
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config with { Attention = attention }, Device.Cpu);
        foreach ((int i, (_, Parameter parameter)) in model.NamedParameters().Index())
            parameter.Value.CopyFrom(TestTensors.Normal(parameter.Shape, Device.Cpu, 50 + (ulong)i).ToArray());
        Tensor image = TestTensors.Normal([1, 3, 8, 8], Device.Cpu, 1);
        using AttentionRecorder recorder = new();
        model.Forward(image, recorder);
        Tensor rollout = AttentionRollout.Of(recorder.Maps);
        using AttentionTrace trace = AttentionTrace.Of(model, image);

        Assert.All(rollout.ToArray(), share => Assert.True(share >= 0));
        Assert.All(Ops.Sum(rollout, 2).ToArray(), sum => Assert.Equal(1, sum, 1e-5));
        foreach (PatchMap map in (PatchMap[])[trace.Rollout, trace.Attention(1), trace.Attention(1, head: 0)])
        {
            Assert.All(map.Values, share => Assert.True(share >= 0));
            Assert.Equal(map.Range.High > 0 ? 1 : 0, map.Values.Sum(), 1e-5);
        }

        if (attention is "deltanet" or "linformer")
            Assert.Contains(recorder.Maps.SelectMany(map => map.ToArray()), weight => weight < 0);
    }

    /// <summary>With the residual, rows [1 −2] and [−1 0] are shares of [1 1] and [½ ½].</summary>
    [Fact]
    public void Weights_below_zero_count_by_their_magnitude()
    {
        Tensor map = Tensor.From([1f, -2, -1, 0], [1, 1, 2, 2], Device.Reference);
        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f], AttentionRollout.Of([map]).ToArray());
        Assert.Equal([0.25f, 0.75f], new PatchMap(1, 2, [1, -3]).Normalized().Values);
    }

    [Fact]
    public void Nothing_to_follow_and_shares_out_of_range_are_refused()
    {
        Tensor map = Tensor.Full([1, 1, 1, 1], 1, Device.Reference);
        Assert.Throws<ArgumentException>(() => AttentionRollout.Of([]));
        Assert.Throws<ArgumentException>(() => AttentionRollout.Of([map], 0));
        Assert.Throws<ArgumentException>(() => AttentionRollout.Of([map], float.NaN));
        Assert.Throws<ArgumentException>(() => AttentionRelevance.Of([], _ => map));
    }
}
