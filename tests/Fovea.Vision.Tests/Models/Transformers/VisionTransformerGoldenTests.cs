using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;

namespace Fovea.Vision.Tests.Models.Transformers;

[Trait("Category", "Golden")]
public sealed class VisionTransformerGoldenTests
{
    /// <summary>Patches, every block, all tokens behind the last one, what block 0 attended to, and what comes
    /// out.</summary>
    [Theory]
    [InlineData("timm-vit", "reference")]
    [InlineData("timm-vit", "cpu")]
    [InlineData("timm-vit-distilled", "reference")]
    [InlineData("timm-vit-distilled", "cpu")]
    [InlineData("timm-dinov2", "reference")]
    [InlineData("timm-dinov2", "cpu")]
    [InlineData("timm-dinov2-reg4", "reference")]
    [InlineData("timm-dinov2-reg4", "cpu")]
    [InlineData("timm-dinov2-swiglu", "reference")]
    [InlineData("timm-dinov2-swiglu", "cpu")]
    public void Evaluation_agrees_with_timm_at_every_stage(string name, string device)
    {
        Golden golden = Golden.Load(name);
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = golden.LoadModel(TestDevice.Named(device));
        model.Train(false);
        Tensor images = golden["input"].ToTensor(TestDevice.Named(device));

        golden.Compare("patch_embed", model.PatchEmbedding.Forward(images));
        Tensor x = model.Embed(images);
        for (int i = 0; i < model.Blocks.Count; i++)
        {
            x = model.Blocks[i].Forward(x, model.GridOf(images));
            golden.Compare($"block{i}", x);
        }

        golden.Compare("features", model.Features(images));
        using AttentionRecorder recorder = new();
        golden.Compare(model.Config.Classes > 0 ? "logits" : "output", model.Forward(images, recorder));
        golden.Compare("attn0", recorder.Maps[0]);
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Both_heads_of_a_distilled_model_agree_with_timm(string device)
    {
        Golden golden = Golden.Load("timm-vit-distilled");
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = golden.LoadModel(TestDevice.Named(device));

        HeadScores scores = model.ForwardHeads(golden["input"].ToTensor(TestDevice.Named(device)));

        golden.Compare("logits_cls", scores.Class);
        golden.Compare("logits_dist", scores.Distillation);
    }

    [Theory]
    [InlineData("timm-dinov2", "reference")]
    [InlineData("timm-dinov2", "cpu")]
    [InlineData("timm-dinov2-reg4", "reference")]
    [InlineData("timm-dinov2-reg4", "cpu")]
    [InlineData("timm-dinov2-swiglu", "reference")]
    [InlineData("timm-dinov2-swiglu", "cpu")]
    public void Images_of_another_size_get_resampled_positions_as_in_timm(string name, string device)
    {
        Golden golden = Golden.Load(name);
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = golden.LoadModel(TestDevice.Named(device));
        model.Train(false);
        Tensor images = golden["dyn.input"].ToTensor(TestDevice.Named(device));

        golden.Compare("dyn.features", model.Features(images));
        golden.Compare("dyn.output", model.Forward(images));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Loss_and_all_gradients_agree_with_timm(string device)
    {
        Golden golden = Golden.Load("timm-vit-train");
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = golden.LoadModel(TestDevice.Named(device));
        Tensor images = golden["input"].ToTensor(TestDevice.Named(device));
        images.RequiresGradient = true;

        using Tape tape = Tape.Record();
        Tensor logits = model.Forward(images).Keep();
        Tensor loss = Ops.CrossEntropy(logits, golden["labels"].ToTensor(TestDevice.Named(device)));
        tape.Backward(loss);

        golden.Compare("logits", logits);
        golden.Compare("loss", loss);
        golden.Compare("grad.input", images.Gradient, "grad");
        foreach ((string name, Parameter parameter) in model.NamedParameters())
            golden.Compare($"grad.{name}", parameter.Value.Gradient, "grad");
        Assert.Equal(golden.Tensors.Keys.Count(name => name.StartsWith("grad.", StringComparison.Ordinal)),
            model.NamedParameters().Count() + 1);
    }
}
