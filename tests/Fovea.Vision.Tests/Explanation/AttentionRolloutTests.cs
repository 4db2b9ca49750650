using Fovea.Tensors;
using Fovea.Vision.Explanation;

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
