using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Attention;

public sealed class AttentionListTests
{
    [Theory]
    [InlineData("softmax", new[] { "softmax" })]
    [InlineData("softmax,sinkhorn", new[] { "softmax", "sinkhorn" })]
    [InlineData("sinkhorn:5,softmax", new[] { "sinkhorn:5", "softmax" })]
    [InlineData("sinkhorn:iterations=5,epsilon=2,softmax:window=2/4,until=3/6,softmax",
        new[] { "sinkhorn:epsilon=2,iterations=5", "softmax:until=3/6,window=2/4", "softmax" })]
    public void Options_go_with_their_mechanism(string text, string[] specs)
    {
        AttentionList list = text;

        Assert.Equal(specs, list.Specs.Select(spec => spec.ToString()));
        Assert.Equal(list, AttentionList.Parse(list.ToString()));
    }

    [Fact]
    public void The_last_mechanism_is_that_of_the_remaining_blocks()
    {
        AttentionList list = "sinkhorn,softmax";
        Assert.Equal(["sinkhorn", "softmax", "softmax"], Enumerable.Range(0, 3).Select(block => list.Of(block).Name));
    }

    [Fact]
    public void A_model_has_the_mechanism_of_each_block()
    {
        VisionTransformer model = (VisionTransformer)(Config with { Attention = "sinkhorn:3,disentangled,softmax" })
            .Build();
        Assert.Equal(
            [typeof(SinkhornAttention), typeof(DisentangledAttention), typeof(SoftmaxAttention)],
            model.Blocks.Select(block => block.Attention.Mechanism.GetType()));
        model.Initialize(Device.Cpu, 1);
        Assert.Equal([2, 10], model.Forward(TestTensors.Normal([2, 3, 16, 16], Device.Cpu)).Shape);
    }

    [Theory]
    [InlineData("softmax,softmax,softmax,softmax", "there are 4 mechanisms")]
    [InlineData("softmax,sinkhron", "sinkhorn")]
    [InlineData("sinkhorn:4,window=1", "must be odd")]
    [InlineData("disentangled:7", "needs a key")]
    [InlineData("sinkhorn:5,iterations=3", "twice")]
    public void Wrong_lists_are_refused(string text, string part) =>
        Assert.Contains(part, Assert.Throws<UsageException>(() => (Config with { Attention = text }).Build()).Message,
            StringComparison.Ordinal);

    private static VisionTransformerConfig Config =>
        new() { ImageSize = 16, PatchSize = 4, Dim = 16, Depth = 3, Heads = 2, Classes = 10 };
}
