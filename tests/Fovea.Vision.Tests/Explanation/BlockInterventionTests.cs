using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Explanation;

/// <summary>Logit lens, head ablation and activation patching.</summary>
public sealed class BlockInterventionTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Readers => [.. SmallModels.Readers.Keys];

    [Theory]
    [MemberData(nameof(Readers))]
    public void The_last_block_through_the_lens_is_the_models_own_answer(string reader)
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Readers[reader], Device.Cpu);
        Tensor images = Images(Device.Cpu);
        IReadOnlyList<float[]> scores = LogitLens.Of(model, images);

        Assert.Equal(3, scores.Count);
        Assert.Equal(model.Forward(images).ToArray(), scores[^1]);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void An_earlier_block_through_the_lens_is_the_answer_of_the_model_that_ends_there(string reader)
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Readers[reader], Device.Cpu);
        VisionTransformer shorter = SmallModels.Build(SmallModels.Readers[reader] with { Depth = 1 }, Device.Cpu);
        Dictionary<string, Tensor> state = model.NamedState().ToDictionary(entry => entry.Name,
            entry => entry.Tensor.Value);
        shorter.Load(shorter.NamedState().ToDictionary(entry => entry.Name, entry => state[entry.Name]));
        Tensor images = Images(Device.Cpu);

        Assert.Equal(shorter.Forward(images).ToArray(), LogitLens.Of(model, images)[1]);
    }

    [Fact]
    public void Without_a_head_a_model_answers_as_with_zeros_in_its_output_projection()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        Tensor images = Images(Device.Cpu);
        AblatedScores ablated = new HeadAblation(model).Score(images, mean: false, Stop);
        Assert.Equal(model.Forward(images).ToArray(), ablated.Whole);
        for (int block = 0; block < 2; block++)
            for (int head = 0; head <= 2; head++)
            {
                VisionTransformer cut = SmallModels.Build(SmallModels.Config, Device.Cpu);
                Clear(cut, block, head);
                GoldenAssert.Close(cut.Forward(images).ToArray(), ablated.Without[block][head], 1e-6, 1e-6);
                Assert.NotEqual(ablated.Whole, ablated.Without[block][head]);
            }
    }

    [Fact]
    public void A_head_that_the_output_projection_does_not_read_is_not_missed()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        Clear(model, block: 1, head: 0);
        Tensor images = Images(Device.Cpu);
        HeadAblation ablation = new(model);
        ablation.AddToMeans(images);
        foreach (bool mean in new[] { false, true })
        {
            AblatedScores ablated = ablation.Score(images, mean, Stop);
            Assert.Equal(ablated.Whole, ablated.Without[1][0]);
            Assert.NotEqual(ablated.Whole, ablated.Without[1][1]);
        }
    }

    [Fact]
    public void The_mean_over_one_image_is_that_image()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        Tensor image = SmallModels.Image(Device.Cpu);
        HeadAblation ablation = new(model);
        ablation.AddToMeans(image);
        AblatedScores ablated = ablation.Score(image, mean: true, Stop);
        Assert.All(ablated.Without.SelectMany(heads => heads), scores => Assert.Equal(ablated.Whole, scores));
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("differential")]
    [InlineData("sinkhorn,linear")]
    public void An_image_patched_with_itself_stays_and_with_all_of_another_becomes_that(string attention)
    {
        VisionTransformer model = SmallModels.Build(
            SmallModels.Config with { Attention = attention, RegisterTokens = 1 }, Device.Cpu);
        Tensor image = SmallModels.Image(Device.Cpu), other = TestTensors.Normal([1, 3, 8, 12], Device.Cpu, 2);
        using IDisposable alike = BatchInvariance.Begin();   // as patching computes
        float[] own = model.Forward(image).ToArray(), theirs = model.Forward(other).ToArray();

        ActivationPatching self = ActivationPatching.Of(model, image, image, stop: Stop);
        Assert.All(self.Heads.Concat(self.Tokens).SelectMany(block => block), scores => Assert.Equal(own, scores));

        ActivationPatching patching = ActivationPatching.Of(model, image, other, stop: Stop);
        Assert.Equal(own, patching.Image);
        Assert.Equal(theirs, patching.Other);
        Assert.Equal((2, 3, 9), (patching.Heads.Length, patching.Heads[0].Length, patching.Tokens[0].Length));
        Assert.All(patching.Tokens, block => Assert.Equal(theirs, block[^1]));
        Assert.All(patching.Tokens, block => Assert.Equal(1, patching.Effect(block[^1], 0, 1)));
        // behind the last block the head reads the class token alone
        Assert.Equal(theirs, patching.Tokens[1][0]);
        Assert.All(patching.Tokens[1][1..^1], scores => Assert.Equal(own, scores));
        Assert.Empty(ActivationPatching.Of(model, image, other, tokens: false, stop: Stop).Tokens);
    }

    [Fact]
    public void A_patched_head_adds_what_the_output_projection_makes_of_the_difference()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config with { MlpDim = 0 }, Device.Cpu);
        Tensor image = SmallModels.Image(Device.Cpu), other = TestTensors.Normal([1, 3, 8, 12], Device.Cpu, 2);
        TokenGrid grid = model.GridOf(8, 12);
        (float[] ownHeads, float[] tokens) = LastBlock(image);
        (float[] theirHeads, _) = LastBlock(other);
        float[] weight = model.Blocks[1].Attention.Proj.Weight.Value.ToArray();
        ActivationPatching patching = ActivationPatching.Of(model, image, other, stop: Stop);
        // the last block's input is the image's own, so that only its heads differ
        for (int head = 0; head < 2; head++)
        {
            float[] changed = [.. tokens];
            for (int token = 0; token < grid.Tokens; token++)
                for (int to = 0; to < 8; to++)
                    for (int from = 4 * head; from < 4 * head + 4; from++)
                        changed[8 * token + to] += weight[8 * to + from]
                            * (theirHeads[8 * token + from] - ownHeads[8 * token + from]);
            GoldenAssert.Close(
                model.ForwardFrom(2, Tensor.From(changed, [1, grid.Tokens, 8], Device.Cpu), grid).ToArray(),
                patching.Heads[1][head], 1e-5, 1e-5);
        }

        (float[] Heads, float[] Tokens) LastBlock(Tensor input)
        {
            float[] heads = [], behind = [];
            model.Forward(input, new BlockRecorder
            {
                Heads = (block, all) =>
                {
                    if (block == 1) heads = all.ToArray();
                    return all;
                },
                Tokens = (_, all) => behind = all.ToArray(),
            });
            return (heads, behind);
        }
    }

    [Fact]
    public void Images_of_two_sizes_are_refused()
    {
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Cpu);
        Assert.Contains("two images", Assert.Throws<ShapeException>(() => ActivationPatching.Of(model,
            SmallModels.Image(Device.Cpu), TestTensors.Normal([1, 3, 8, 8], Device.Cpu), stop: Stop)).Message,
            StringComparison.Ordinal);
    }

    private static Tensor Images(Device device) => TestTensors.Normal([3, 3, 8, 12], device, 7);

    /// <summary>Sets a head's columns of an output projection to 0; head 2: all.</summary>
    private static void Clear(VisionTransformer model, int block, int head)
    {
        Parameter projection = model.Blocks[block].Attention.Proj.Weight;
        float[] weight = projection.Value.ToArray();
        for (int i = 0; i < weight.Length; i++)
            if (head == 2 || i % 8 / 4 == head) weight[i] = 0;
        projection.Value.CopyFrom(weight);
    }
}
