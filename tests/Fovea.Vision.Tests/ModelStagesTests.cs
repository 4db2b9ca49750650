using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests;

public sealed class ModelStagesTests
{
    private static readonly VisionTransformerConfig Config = new()
    {
        ImageSize = 12,
        PatchSize = 4,
        Dim = 16,
        Depth = 3,
        Heads = 2,
        MlpDim = 24,
        Classes = 5,
        Dropout = 0.2f,
        AttentionDropout = 0.1f,
        DropPath = 0.3f,
    };

    [Theory]
    [InlineData("cls_token", 0)]
    [InlineData("pos_embed", 0)]
    [InlineData("patch_embed.proj.weight", 0)]
    [InlineData("blocks.0.norm1.weight", 1)]
    [InlineData("blocks.11.attn.qkv.bias", 12)]
    [InlineData("norm.weight", 13)]
    [InlineData("fc_norm.bias", 13)]
    [InlineData("head.weight", 13)]
    [InlineData("head_dist.weight", 13)]
    [InlineData("classifier.blocks.3.linear1.weight", 4)]
    [InlineData("classifier.fc.weight", 13)]
    [InlineData("tokenizer.conv_layers.0.0.weight", 0)]
    public void A_name_tells_the_stage_as_BEiT_counts_them(string name, int stage) =>
        Assert.Equal(stage, ModelStages.Of(name, 12));

    [Theory]
    [InlineData("patch_embed.norm.weight", 0)]
    [InlineData("layers.0.blocks.1.norm1.weight", 1)]
    [InlineData("layers.3.downsample.reduction.weight", 4)]
    [InlineData("layers.3.blocks.0.attn.relative_position_bias_table", 4)]
    [InlineData("norm.weight", 5)]
    [InlineData("head.fc.weight", 5)]
    public void Models_with_stages_count_these(string name, int stage) =>
        Assert.Equal(stage, ModelStages.Of(name, 4));

    [Theory]
    [InlineData("stage0.patch_embed.proj.weight", 0)]
    [InlineData("stage0.blocks.0.norm1.weight", 1)]
    [InlineData("stage1.patch_embed.norm.bias", 2)]
    [InlineData("stage2.cls_token", 3)]
    [InlineData("stage2.blocks.9.attn.conv_proj_q.bn.weight", 3)]
    [InlineData("norm.weight", 4)]
    [InlineData("head.bias", 4)]
    public void A_stage_owns_the_convolution_that_leads_to_it(string name, int stage) =>
        Assert.Equal(stage, ModelStages.Of(name, 3));

    [Theory]
    [InlineData("conv1.weight", 0)]
    [InlineData("layer1.0.conv1.weight", 1)]
    [InlineData("layer4.1.bn2.bias", 4)]
    [InlineData("fc.weight", 5)]
    public void Residual_networks_have_their_layers(string name, int stage) =>
        Assert.Equal(stage, ModelStages.Of(name, 4));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Below_the_first_trained_block_nothing_is_recorded_and_no_gradient_computed(int frozen)
    {
        int whole = Recorded(0, out _), rest = Recorded(frozen, out VisionTransformer model);

        Assert.True(rest <= whole * (4 - frozen) / 3.0,
            $"{rest} of {whole} operators recorded with {frozen} of 3 blocks frozen");
        Assert.All(model.NamedParameters(),
            entry => Assert.Equal(ModelStages.Of(entry.Name, 3) > frozen, entry.Parameter.Value.Gradient is not null));
    }

    [Fact]
    public void A_frozen_body_trains_only_the_head()
    {
        VisionTransformer model = new(Config);
        ModelStages.FreezeBody(model);
        Assert.Equal(["head.weight", "head.bias"],
            model.NamedParameters().Where(entry => entry.Parameter.Trainable).Select(entry => entry.Name));
    }

    [Fact]
    public void More_blocks_than_there_are_cannot_be_frozen() =>
        Assert.Contains("3 blocks",
            Assert.Throws<UsageException>(() => ModelStages.Freeze(new VisionTransformer(Config), 4)).Message);

    [Theory]
    [InlineData("softmax", 0)]
    [InlineData("softmax", 1)]
    [InlineData("performer:features=8,redraw=2", 0)]
    [InlineData("sinkhorn:3", 0)]
    public void Blocks_that_are_computed_again_have_the_same_gradients_bit_for_bit(string attention, int frozen)
    {
        VisionTransformerConfig config = Config with
        {
            Attention = attention,
            AttentionDropout = attention == "softmax" ? 0.1f : 0
        };
        Dictionary<string, float[]> plain = Gradients(config, frozen, recomputes: false),
            again = Gradients(config, frozen, recomputes: true);
        Assert.Equal(plain.Keys, again.Keys);
        foreach ((string name, float[] values) in plain) Assert.True(values.SequenceEqual(again[name]), name);
    }

    /// <summary>Of the third step, so that what counts steps has counted.</summary>
    private static Dictionary<string, float[]> Gradients(VisionTransformerConfig config, int frozen, bool recomputes)
    {
        VisionTransformer model = new(config) { RecomputesBlocks = recomputes };
        model.Initialize(Device.Cpu, seed: 1);
        if (frozen > 0) ModelStages.Freeze(model, frozen);
        model.Train();
        for (ulong step = 0; step < 3; step++)
        {
            model.ZeroGradient();
            model.Context = model.Context with { Random = Philox.For(3, "dropout", step) };
            Step(model);
        }

        return model.NamedParameters().Where(entry => entry.Parameter.Value.Gradient is not null)
            .ToDictionary(entry => entry.Name, entry => entry.Parameter.Value.Gradient!.ToArray());
    }

    private static int Recorded(int frozen, out VisionTransformer model)
    {
        model = new(Config);
        model.Initialize(Device.Cpu, seed: 1);
        if (frozen > 0) ModelStages.Freeze(model, frozen);
        model.Train();
        model.Context = model.Context with { Random = new Philox(0, 1) };
        return Step(model);
    }

    private static int Step(VisionTransformer model)
    {
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        float[] pixels = [.. Enumerable.Range(0, 2 * 3 * 12 * 12)
            .Select(i => new Philox(5, 5).Uniform((ulong)i, -1, 1))];
        Tensor loss = Ops.CrossEntropy(model.Forward(Tensor.From(pixels, [2, 3, 12, 12], Device.Cpu)),
            Tensor.From([1, 4], [2], Device.Cpu));
        int count = tape.Count;
        tape.Backward(loss);
        return count;
    }
}
