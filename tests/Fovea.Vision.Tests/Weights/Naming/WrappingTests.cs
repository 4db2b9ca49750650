using Fovea.Vision.Weights.Naming;

namespace Fovea.Vision.Tests.Weights.Naming;

public sealed class WrappingTests
{
    private const string Vit = "patch_embed.proj.weight";

    [Theory]
    [InlineData("", "timm", Vit, "head.weight")]
    [InlineData("module.", "timm", "module." + Vit, "module.head.weight")]
    [InlineData("state_dict.module.", "timm", "state_dict.module." + Vit, "optimizer.state.0.exp_avg")]
    [InlineData("teacher.backbone.", "timm", "student.module.backbone." + Vit, "teacher.backbone." + Vit,
        "teacher.head.mlp.0.weight")]
    [InlineData("model_ema.", "timm", "model." + Vit, "model_ema." + Vit)]
    [InlineData("ema.", "timm", Vit, "ema." + Vit, "optimizer.mean." + Vit)]
    [InlineData("model._orig_mod.encoder.", "timm", "model._orig_mod.encoder." + Vit, "model._orig_mod.decoder.weight")]
    [InlineData("", "Hugging Face", "vit.embeddings.patch_embeddings.projection.weight", "classifier.weight")]
    [InlineData("model.", "torchvision ResNet", "model.layer1.0.conv1.weight", "model.fc.weight")]
    [InlineData("", "torchvision ViT", "conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.weight")]
    [InlineData("model.", "names as they are", "model.x.weight", "loss.weight")]
    [InlineData("", "names as they are", "module.x.weight", "loss.weight")]
    [InlineData("", "names as they are", "weight")]
    public void The_model_is_found_among_what_is_saved_around_it(string prefix, string scheme, params string[] names)
    {
        (string found, NamingScheme recognised) = Wrapping.Find(names);
        Assert.Equal((prefix, scheme), (found, recognised.Name));
    }

    [Theory]
    [InlineData("blocks.0.7.attn.qkv.weight", "blocks.7.attn.qkv.weight")]
    [InlineData("blocks.3.39.mlp.w12.bias", "blocks.39.mlp.fc1.bias")]
    [InlineData("blocks.3.mlp.w3.weight", "blocks.3.mlp.fc2.weight")]
    [InlineData("blocks.3.ls1.gamma", "blocks.3.ls1.gamma")]
    [InlineData("register_tokens", "reg_token")]
    [InlineData("mask_token", null)]
    public void Chunks_of_blocks_and_gated_layers_of_DINOv2(string name, string? expected) =>
        Assert.Equal(expected, NamingSchemes.DinoV2.Translate(name));

    [Theory]
    [InlineData("deit.embeddings.distillation_token", "dist_token")]
    [InlineData("cls_classifier.weight", "head.weight")]
    [InlineData("distillation_classifier.bias", "head_dist.bias")]
    [InlineData("dinov2.encoder.layer.11.layer_scale2.lambda1", "blocks.11.ls2.gamma")]
    [InlineData("dinov2_with_registers.embeddings.register_tokens", "reg_token")]
    [InlineData("vit.pooler.dense.weight", null)]
    public void Names_of_transformers(string name, string? expected) =>
        Assert.Equal(expected, NamingSchemes.HuggingFace.Translate(name));
}
