using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Explanation;

public sealed class AttentionTraceTests
{
    public static TheoryData<string> Readers => [.. SmallModels.Readers.Keys];

    [Theory]
    [MemberData(nameof(Readers))]
    public void Maps_are_read_where_the_head_reads(string reader)
    {
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            VisionTransformer model = SmallModels.Build(SmallModels.Readers[reader], device);
            Tensor image = SmallModels.Image(device);
            float[] expected = model.Forward(image).ToArray();
            using AttentionTrace trace = AttentionTrace.Of(model, image);

            Assert.Equal(expected, trace.Scores);
            Assert.Equal(Array.IndexOf(expected, expected.Max()), trace.Target);
            Assert.Equal((2, 3), (trace.Rollout.Rows, trace.Rollout.Columns));
            Assert.Equal(1, trace.Readout.Sum(), 1e-5);
            Assert.Equal(trace.Grid.Prefix, trace.PrefixNames.Distinct().Count());
            Assert.Equal(model.Config.ClassToken, trace.PrefixNames.Contains("class token"));
            Assert.Equal(1, trace.Rollout.Values.Sum(), 1e-5);
            Assert.All(trace.Relevance.Values, value => Assert.True(value >= 0));
            Assert.Equal(1, trace.Attention(0, head: 1).Values.Sum(), 1e-5);
            int prefix = trace.Grid.Prefix;
            switch (reader)
            {
                case "class" or "registers":
                    Assert.Equal(1, trace.Readout[0]);
                    GoldenAssert.Close(PatchMap.Of(trace.Map(1).AsSpan(0, trace.Grid.Tokens), trace.Grid)
                        .Normalized().Values, trace.Attention(1).Values, 1e-6, 1e-6);
                    break;
                case "distilled": Assert.Equal((0.5f, 0.5f), (trace.Readout[0], trace.Readout[1])); break;
                case "sequence": Assert.Equal(6, trace.Readout.Distinct().Count()); break;
                default: Assert.All(trace.Readout[prefix..], weight => Assert.Equal(1 / 6f, weight)); break;
            }
        }
    }

    [Theory]
    [InlineData("softmax,linear")]
    [InlineData("performer,deformable:levels=2")]
    [InlineData("sinkhorn,dat:stride=1")]
    [InlineData("disentangled,softmax:window=1")]
    public void Each_block_may_have_a_mechanism_of_its_own(string attention)
    {
        VisionTransformer model = SmallModels.Build(
            SmallModels.Config with { Attention = attention, RegisterTokens = 2 }, Device.Cpu);
        using AttentionTrace trace = AttentionTrace.Of(model, SmallModels.Image(Device.Cpu), target: 2);

        Assert.Equal(2, trace.Target);
        Assert.Equal([.. model.Blocks.Select(block => block.Attention.Mechanism)],
            trace.Blocks.Select(block => block.Mechanism));
        Assert.All(trace.Blocks, block => Assert.Equal([1, 2, 9, 9], block.Map.Shape));
        Assert.All(trace.Blocks,
            block => Assert.Equal(block.Mechanism is ISamplingAttention, block.SamplingLocations is not null));
        Assert.Equal(1, trace.Rollout.Values.Sum(), 1e-5);
    }

    /// <summary>What needs no gradients is the same without.</summary>
    [Fact]
    public void Attention_is_rolled_out_without_gradients()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        Tensor image = SmallModels.Image(Device.Cpu);
        using AttentionTrace with = AttentionTrace.Of(model, image, target: 1);
        using AttentionTrace without = AttentionTrace.Of(model, image, target: 1, gradients: false);
        Assert.Equal(with.Scores, without.Scores);
        Assert.Equal(1, without.Target);
        Assert.Equal(with.Rollout.Values, without.Rollout.Values);
        Assert.Contains("without gradients",
            Assert.Throws<InvalidOperationException>(() => without.Relevance).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            AttentionTrace.Of(model, image, target: 3, gradients: false));
    }

    [Fact]
    public void One_patch_gets_everything()
    {
        VisionTransformerConfig config = SmallModels.Config with
        {
            ImageSize = 4,
            ClassToken = false,
            Pooling = Pooling.Mean
        };
        using AttentionTrace trace = AttentionTrace.Of(SmallModels.Build(config, Device.Reference),
            TestTensors.Normal([1, 3, 4, 4], Device.Reference));

        Assert.Equal([1f], trace.Rollout.Values);
        Assert.Equal([1f], trace.Attention(1).Values);
    }

    [Fact]
    public void The_model_is_as_before_afterwards()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        model.Blocks[1].Norm1.NamedParameters().First().Parameter.Trainable = false;
        bool[] before = [.. model.NamedParameters().Select(entry => entry.Parameter.Value.RequiresGradient)];
        AttentionTrace.Of(model, SmallModels.Image(Device.Cpu)).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            AttentionTrace.Of(model, SmallModels.Image(Device.Cpu), target: 3));
        Assert.Throws<ShapeException>(() => AttentionTrace.Of(model, TestTensors.Normal([2, 3, 8, 12], Device.Cpu)));

        Assert.Equal(before, model.NamedParameters().Select(entry => entry.Parameter.Value.RequiresGradient));
        Assert.All(model.NamedParameters(), entry => Assert.Null(entry.Parameter.Value.Gradient));
        Assert.Null(Tape.Current);
    }

    [Fact]
    public void Shares_on_a_part_are_weighted_by_its_cover()
    {
        PatchMap map = new(1, 3, [1, 3, 4]);
        Assert.Equal((1 * 0.5 + 3) / 8, map.ShareOn([0.5f, 1, 0]));
        Assert.Throws<ArgumentException>(() => map.ShareOn([1]));
        Assert.Equal([0f, 0], new PatchMap(1, 2, [0, 0]).Normalized().Values);
    }
}
