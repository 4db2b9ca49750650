using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Loading;

public sealed class LoadPlanTests
{
    private static readonly VisionTransformerConfig Config = new()
    {
        ImageSize = 16,
        PatchSize = 4,
        Dim = 8,
        Depth = 2,
        Heads = 2,
        Classes = 5,
        MlpDim = 16
    };

    [Fact]
    public void A_models_own_weights_fit_strictly_and_come_back()
    {
        VisionTransformer source = Built(Config, 1), target = Config.Build();
        LoadPlan plan = Plan(target, source, strict: true);
        plan.Initialize(target, Device.Cpu, 2);

        Assert.True(plan.Report.IsComplete);
        foreach (((string name, var expected), (_, var actual)) in source.NamedState().Zip(target.NamedState()))
            Assert.True(expected.Value.ToArray().SequenceEqual(actual.Value.ToArray()), name);
    }

    [Fact]
    public void A_head_for_other_classes_is_left_fresh()
    {
        VisionTransformer source = Built(Config, 1), target = (Config with { Classes = 3 }).Build(),
            untouched = Built(Config with { Classes = 3 }, 2);
        LoadPlan plan = Plan(target, source);
        plan.Initialize(target, Device.Cpu, 2);

        Assert.Equal(["head.weight", "head.bias"], plan.Report.Fresh);
        Assert.Equal(plan.Report.Total - 2, plan.Report.Loaded.Count);
        Assert.Equal(Values(untouched, "head.weight"), Values(target, "head.weight"));
        Assert.Equal(Values(source, "blocks.1.mlp.fc2.weight"), Values(target, "blocks.1.mlp.fc2.weight"));
        Assert.Contains("fresh head for other classes: head.weight, head.bias", plan.Report.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("leave out `strict`", Refused((Config with { Classes = 3 }).Build(), source, strict: true),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_grey_model_takes_the_sum_over_the_colours()
    {
        VisionTransformer source = Built(Config, 1), target = (Config with { Channels = 1 }).Build();
        LoadPlan plan = Plan(target, source);
        plan.Initialize(target, Device.Cpu, 2);

        float[] colour = Values(source, "patch_embed.proj.weight"), grey = Values(target, "patch_embed.proj.weight");
        for (int i = 0; i < grey.Length; i++)
        {
            (int output, int pixel) = Math.DivRem(i, 16);
            Assert.Equal(colour[(output * 3) * 16 + pixel] + colour[(output * 3 + 1) * 16 + pixel]
                + colour[(output * 3 + 2) * 16 + pixel], grey[i], 1e-6f);
        }

        Assert.Equal("patch_embed.proj.weight [8, 3, 4, 4] to [8, 1, 4, 4]",
            Assert.Single(plan.Report.Resized).ToString());
    }

    [Fact]
    public void A_colour_model_sees_grey_images_as_the_grey_model_did()
    {
        VisionTransformer source = Built(Config with { Channels = 1 }, 1), target = Config.Build();
        Plan(target, source).Initialize(target, Device.Cpu, 2);
        float[] grey = Values(source, "patch_embed.proj.weight"), colour = Values(target, "patch_embed.proj.weight");
        // output 1, pixel 1
        Assert.Equal(grey[17], colour[(3 * 16) + 1] + colour[(4 * 16) + 1] + colour[(5 * 16) + 1], 1e-6f);
    }

    [Fact]
    public void A_model_makes_fit_what_it_knows_how_to()
    {
        Halving model = new();
        StateDict weights = new(NamingSchemes.Timm, "",
            [Weight.Of("pos_embed", WeightType.F16, [1, 4, 1], [1, 3, 10, 20])], []);
        LoadPlan plan = LoadPlan.Create(model, weights, "f.pth", Device.Cpu);
        plan.Initialize(model, Device.Cpu, 1);

        Assert.Equal([2, 15], model.NamedState().Single().Tensor.Value.ToArray());
        Assert.Equal("pos_embed [1, 4, 1] to [1, 2, 1]", Assert.Single(plan.Report.Resized).ToString());
        Assert.Throws<CheckpointException>(() => LoadPlan.Create(model, weights, "f.pth", Device.Cpu, strict: true));
        StateDict other = weights with { Weights = [Weight.Of("pos_embed", WeightType.F32, [1, 6, 1], new float[6])] };
        Assert.Contains("'pos_embed' is [1, 6, 1]",
            Assert.Throws<CheckpointException>(() => LoadPlan.Create(model, other, "f.pth", Device.Cpu)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void More_and_fewer_blocks_are_reported()
    {
        VisionTransformer source = Built(Config, 1);
        LoadPlan deeper = Plan((Config with { Depth = 3 }).Build(), source),
            shallower = Plan((Config with { Depth = 1 }).Build(), source);

        Assert.Equal(12, deeper.Report.Missing.Count);
        Assert.All(deeper.Report.Missing, name => Assert.StartsWith("blocks.2.", name, StringComparison.Ordinal));
        Assert.Equal(12, shallower.Report.Unexpected.Count);
        Assert.Contains(
            "missing in the file: blocks.2.norm1.weight, blocks.2.norm1.bias, blocks.2.attn.qkv.weight, "
                + "blocks.2.attn.qkv.bias and 8 more",
            Refused((Config with { Depth = 3 }).Build(), source, strict: true), StringComparison.Ordinal);
    }

    /// <summary>A model that lacks a part of the file's gives other answers than the file's model.</summary>
    [Theory]
    [InlineData("norm_pre.weight")]
    [InlineData("pre_logits.fc.weight")]
    [InlineData("pre_logits/kernel")]
    [InlineData("dist_token")]
    [InlineData("reg_token")]
    [InlineData("blocks.0.ls1.gamma")]
    public void What_the_model_lacks_is_refused_where_it_answers(string name)
    {
        VisionTransformer source = Built(Config, 1);
        string message = Assert.Throws<CheckpointException>(() =>
            PlanWith(source, PartialWeights.Refuse, name)).Message;
        Assert.EndsWith("in the file, but not in the model: "
            + $"{(name.StartsWith("blocks", StringComparison.Ordinal) ? "block 1 (1 tensor)" : name)}.", message,
            StringComparison.Ordinal);
        Assert.Equal([name], PlanWith(source, PartialWeights.TakeMost, name).Report.Unexpected);
        Assert.NotNull(PlanWith(source, PartialWeights.Take, name).Report.Incomplete);
    }

    [Theory]
    [InlineData("head_dist.weight")]
    [InlineData("fc.bias")]
    [InlineData("mask_token")]
    [InlineData("bn.num_batches_tracked")]
    [InlineData("blocks.1.attn.relative_position_index")]
    [InlineData("rope.periods")]
    public void Heads_tables_and_counters_are_not_missed(string name) =>
        Assert.Null(PlanWith(Built(Config, 1), PartialWeights.Refuse, name).Report.Incomplete);

    [Fact]
    public void Positions_that_nothing_trains_may_be_in_the_file()
    {
        VisionTransformer model = Built(Config with { Position = PositionKind.SinCos2d }, 1);
        Assert.Null(PlanWith(model, PartialWeights.Refuse, "pos_embed").Report.Incomplete);
        Assert.Throws<CheckpointException>(() => PlanWith(Built(Config with { Position = PositionKind.None }, 1),
            PartialWeights.Refuse, "pos_embed"));
    }

    /// <summary>A model that computes its positions would miss those that were learned.</summary>
    [Fact]
    public void Learned_positions_are_not_taken_for_fixed_ones()
    {
        VisionTransformerConfig config = Config with { Position = PositionKind.SinCos2d };
        VisionTransformer model = Built(config, 1), again = config.Build();
        float[] table = model.NamedBuffers().Single(entry => entry.Name == "pos_embed").Buffer.Value.ToArray();
        long[] shape = [1, 17, 8];
        LoadPlan With(float[] positions, PartialWeights partial) => LoadPlan.Create(again,
            new StateDict(NamingSchemes.Timm, "",
                [.. model.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value)),
                    Weight.Of("pos_embed", WeightType.F32, shape, positions)], []), "f.pth", Device.Cpu,
            partial: partial);

        With([.. table.Select(value => (float)(Half)value)], PartialWeights.Refuse).Initialize(again, Device.Cpu, 1);
        float[] learned = [.. table.Select((value, i) => i == 20 ? value + 0.1f : value)];
        Assert.StartsWith("f.pth: 'pos_embed' is not the table", Assert.Throws<CheckpointException>(() =>
            With(learned, PartialWeights.Refuse).Initialize(again, Device.Cpu, 1)).Message, StringComparison.Ordinal);
        With(learned, PartialWeights.TakeMost).Initialize(again, Device.Cpu, 1);
    }

    [Fact]
    public void Shapes_that_do_not_fit_name_tensor_shapes_and_option()
    {
        VisionTransformer source = Built(Config, 1);
        string patch = Refused((Config with { PatchSize = 2, ImageSize = 8 }).Build(), source);
        Assert.Contains("'patch_embed.proj.weight' is [8, 3, 4, 4] in the file, but the model needs [8, 3, 2, 2]",
            patch, StringComparison.Ordinal);
        Assert.Contains("`patch-size` 4", patch, StringComparison.Ordinal);

        string width = Refused((Config with { Dim = 16 }).Build(), source);
        Assert.Contains("more tensors differ", width, StringComparison.Ordinal);
        Assert.Contains("like no preset", width, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_architecture_names_the_closest_preset()
    {
        Weight[] tiny = [.. Presets.Find("vit_tiny_patch16_224").Config.Build().NamedState().Select(entry =>
            new Weight(entry.Name, WeightType.F32, [.. entry.Tensor.Shape.Select(size => (long)size)], (_, _) => { }))];
        StateDict weights = new(NamingSchemes.Timm, "", tiny, []);
        string message = Assert.Throws<CheckpointException>(() =>
            LoadPlan.Create(Presets.Find("vit_small_patch16_224").Config.Build(), weights, "f.pth",
                Device.Cpu)).Message;

        Assert.StartsWith("f.pth: 'cls_token' is [1, 1, 192] in the file, but the model needs [1, 1, 384]", message,
            StringComparison.Ordinal);
        Assert.EndsWith("the closest preset is 'vit_tiny_patch16_224': use `model` vit_tiny_patch16_224.", message,
            StringComparison.Ordinal);
        Assert.Equal(1, ClosestPreset.Of(tiny)!.Share);
    }

    [Fact]
    public void Weights_of_something_else_are_refused()
    {
        StateDict weights = new(NamingSchemes.Other, "", [Weight.Of("fc.weight", WeightType.F32, [2], [1, 2])], []);
        string message = Assert.Throws<CheckpointException>(() =>
            LoadPlan.Create(Config.Build(), weights, "f.pth", Device.Cpu)).Message;
        Assert.Contains("another architecture (names as they are): only 0 of the model's", message,
            StringComparison.Ordinal);
    }

    /// <summary>Takes positions of twice as many tokens, by their means in pairs.</summary>
    private sealed class Halving : ImageClassifier
    {
        public Halving() => Register(new Parameter("pos_embed", [1, 2, 1], Init.Zeros));

        public override ModelConfig Config => LoadPlanTests.Config;

        public override Tensor Forward(Tensor images) => images;

        public override ForwardCost CountForward() => default;

        public override Tensor AdaptWeight(string name, Tensor value) => value.Shape[1] == 4
            ? Ops.Mean(value.Reshape(2, 2), 1).Reshape(1, 2, 1) : value;
    }

    private static VisionTransformer Built(VisionTransformerConfig config, ulong seed)
    {
        VisionTransformer model = config.Build();
        model.Initialize(Device.Cpu, seed);
        return model;
    }

    private static LoadPlan Plan(VisionTransformer target, VisionTransformer source, bool strict = false) =>
        LoadPlan.Create(
        target, new StateDict(NamingSchemes.Timm, "",
            [.. source.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))], []), "f.pth",
                Device.Cpu, strict);

    /// <summary>The model's own weights and one more tensor.</summary>
    private static LoadPlan PlanWith(VisionTransformer model, PartialWeights partial, string more) =>
        LoadPlan.Create(model, new StateDict(NamingSchemes.Timm, "",
            [.. model.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value)),
                Weight.Of(more, WeightType.F32, [2], [1, 2])], []), "f.pth", Device.Cpu, partial: partial);

    private static string Refused(VisionTransformer target, VisionTransformer source, bool strict = false) =>
        Assert.Throws<CheckpointException>(() => Plan(target, source, strict)).Message;

    private static float[] Values(VisionTransformer model, string name) =>
        model.NamedState().First(entry => entry.Name == name).Tensor.Value.ToArray();
}
