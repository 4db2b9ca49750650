using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Explanation;

public sealed class AttentionRelevanceTests
{
    public static TheoryData<string, string> Cases =>
    [
        .. AttentionCatalogue.All.Select(entry => (entry.Name, "class")),
        .. SmallModels.Readers.Keys.Skip(1).Select(reader => ("softmax", reader)),
        ("performer:window=1", "registers"), ("sinkhorn:3,soft=1", "distilled"),
        ("deformable:levels=2,points=3", "mean"),
        ("disentangled:mix=performer,span=2", "registers"), ("dat:groups=2,stride=1,kernel=3,range=3", "mean"),
        ("swin:2", "mean"), ("neighborhood:kernel=3,dilation=2", "registers"), ("linear,softmax:window=1", "class"),
        ("deformable,dat", "registers"), ("sinkhorn,performer", "sequence"),
        ("nystrom:3", "registers"), ("linformer:3", "mean"),
        ("focused", "registers"), ("agent:pool=2", "mean"), ("deltanet", "registers"),
        ("gaussian:rotate=true", "registers"), ("gaussian:mix=performer", "mean"),
    ];

    /// <summary>
    /// Each weight of each map moved by itself, and the score computed by mixing the values with the moved map: central
    /// differences with h = 2⁻¹³ on the reference device, which computes in double; truncation about h² = 1e-8, and
    /// what is read back as float32 is the difference.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_of_the_maps_are_those_of_central_differences(string attention, string reader)
    {
        const float Step = 1f / 8192;
        const int Target = 1;
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = SmallModels.Build(SmallModels.Readers[reader] with { Attention = attention },
            Device.Reference);
        Tensor image = SmallModels.Image(Device.Reference);
        using AttentionTrace trace = AttentionTrace.Of(model, image, Target);
        for (int block = 0; block < trace.Blocks.Count; block++)
        {
            Tensor map = trace.Blocks[block].Map;
            float[] gradient = trace.Blocks[block].Gradient().ToArray(), direction = new float[map.Shape.Elements];
            Assert.Equal(map.Shape.Elements, gradient.Length);
            for (int i = 0; i < direction.Length; i++)
            {
                using StepScope inner = StepScope.Begin();
                Array.Clear(direction);
                direction[i] = Step;
                Tensor offset = Tensor.From(direction, map.Shape, Device.Reference);
                Tensor above = Score(model, image, block, Ops.Add(map, offset)),
                    below = Score(model, image, block, Ops.Subtract(map, offset));
                float difference = Ops.Slice(Ops.Subtract(above, below), 1, Target, 1).Item() / (2 * Step);
                Assert.True(
                    Math.Abs(gradient[i] - difference) <= 1e-6 + 1e-5 * Math.Abs(difference),
                    $"block {block}, element {i}: gradient {gradient[i]:G9}, central difference {difference:G9}");
            }
        }
    }

    /// <summary>
    /// Block 1: A ⊙ G = [½ −½; 0 2] and [½ 0; 1 0], cut and averaged over heads [½ 0; ½ 1]. Block 2: [0 1; 0 0]. R₁ = I
    /// + Ā₁ = [1½ 0; ½ 2], R₂ = R₁ + Ā₂ R₁ = [2 2; ½ 2], less the identity [1 2; ½ 1].
    /// </summary>
    [Fact]
    public void Two_blocks_by_hand()
    {
        Tensor first = Tensor.From([0.5f, 0.5f, 0, 1, 0.5f, 0.5f, 1, 0], [1, 2, 2, 2], Device.Reference);
        Tensor second = Tensor.From([0.5f, 0.5f, 0.5f, 0.5f], [1, 1, 2, 2], Device.Reference);
        Tensor[] gradients =
        [
            Tensor.From([1f, -1, 9, 2, 1, 0, 1, 5], [1, 2, 2, 2], Device.Reference),
            Tensor.From([-3f, 2, 0, -1], [1, 1, 2, 2], Device.Reference),
        ];

        Assert.Equal([1f, 2, 0.5f, 1], AttentionRelevance.Of([first, second], block => gradients[block]).ToArray());
    }

    [Fact]
    public void Gradients_that_were_not_recorded_are_named()
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = SmallModels.Build(SmallModels.Config, Device.Reference);
        using AttentionRecorder recorder = new();
        model.Forward(SmallModels.Image(Device.Reference), recorder);

        Assert.Contains("gradients: true",
            Assert.Throws<InvalidOperationException>(() => AttentionRelevance.Of(recorder.Blocks)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>The model's scores, with one block's values mixed by a given map; later blocks attend to what comes of
    /// it.</summary>
    private static Tensor Score(VisionTransformer model, Tensor image, int moved, Tensor map)
    {
        Dictionary<string, Parameter> parameters = model.NamedParameters()
            .ToDictionary(entry => entry.Name, entry => entry.Parameter);
        TokenGrid grid = model.GridOf(image);
        Tensor x = model.Embed(image);
        for (int i = 0; i < model.Blocks.Count; i++)
        {
            TransformerBlock block = model.Blocks[i];
            if (i != moved)
            {
                x = block.Forward(x, grid);
                continue;
            }

            Tensor projected = block.Attention.Qkv.Forward(block.Norm1, x);
            int parts = projected.Shape[2] / model.Config.Dim;
            Tensor values = PackedHeads.Split(projected, parts, model.Config.Heads)[^1];
            AttentionInput input = new(projected, grid, block.Attention.Qkv, block.Norm1, x);
            Tensor mixed = block.Attention.Mechanism.Finish(input, PackedHeads.Merge(Ops.MatMul(map, values)));
            x = block.Attention.Proj.Forward(mixed, x);
            x = block.Mlp!.Forward(Norm($"blocks.{i}.norm2", x), x);
        }

        int prefix = grid.Prefix;
        Tensor patches = Ops.Slice(x, 1, prefix, grid.Patches);
        switch (model.Config.Pooling)
        {
            case Pooling.Mean: return Linear("head", Norm("fc_norm", Ops.Mean(patches, 1)));
            case Pooling.Sequence:
                Tensor normed = Norm("norm", patches),
                    weights = Ops.Softmax(Linear("attention_pool", normed).Reshape(1, 1, grid.Patches));
                return Linear("head", Ops.MatMul(weights, normed).Reshape(1, model.Config.Dim));
            default:
                Tensor main = Linear("head", Row(0));
                return model.Config.DistillationToken ? Ops.Scale(Ops.Add(main, Linear("head_dist", Row(1))), 0.5f)
                    : main;
        }

        Tensor Norm(string name, Tensor y) =>
            Ops.LayerNorm(y, parameters[name + ".weight"], parameters[name + ".bias"], model.Config.NormEpsilon);

        Tensor Linear(string name, Tensor y) => Ops.Linear(y, parameters[name + ".weight"], parameters[name + ".bias"]);

        Tensor Row(int token) => Norm("norm", Ops.Slice(x, 1, token, 1).Reshape(1, model.Config.Dim));
    }
}
