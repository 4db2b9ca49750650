using Fovea.Tensors;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Naming;

/// <summary>The same weights under the names of several code bases become timm's, bit for bit.</summary>
[Trait("Category", "Golden")]
public sealed class NamingGoldenTests
{
    [Theory]
    [InlineData("timm-vit", "weights.safetensors", "timm")]
    [InlineData("timm-vit", "weights.hf.safetensors", "Hugging Face")]
    [InlineData("timm-vit", "weights.hf-bare.safetensors", "Hugging Face")]
    [InlineData("timm-vit-distilled", "weights.safetensors", "timm")]
    [InlineData("timm-dinov2", "weights.hf.safetensors", "Hugging Face")]
    [InlineData("timm-dinov2", "weights.fb.safetensors", "DINOv2 (original)")]
    [InlineData("timm-dinov2-reg4", "weights.hf.safetensors", "Hugging Face")]
    [InlineData("timm-dinov2-reg4", "weights.fb.safetensors", "DINOv2 (original)")]
    [InlineData("timm-dinov2-reg4", "weights.safetensors", "timm")]
    [InlineData("timm-dinov2-swiglu", "weights.hf.safetensors", "Hugging Face")]
    [InlineData("timm-dinov2-swiglu", "weights.fb.safetensors", "DINOv2 (original)")]
    [InlineData("torchvision-resnet18", "weights.safetensors", "torchvision ResNet")]
    [InlineData("torchvision-resnet-bottleneck", "weights.safetensors", "torchvision ResNet")]
    public void Weights_become_those_of_timm(string caseName, string fileName, string scheme)
    {
        Golden golden = Golden.Load(caseName);
        string path = Path.Combine(golden.Folder, fileName);
        Assert.SkipUnless(File.Exists(path), $"The fixture has no {fileName} of {caseName}.");
        using WeightFile file = WeightFiles.Open(path);
        StateDict weights = StateDict.Of(file);

        Assert.Equal(scheme, weights.Scheme.Name);
        Assert.Equal(golden.Weights.Keys.Order(), weights.Weights.Select(weight => weight.Name).Order());
        foreach (Weight weight in weights.Weights.Where(weight => weight.Type.IsFloat))
        {
            StoredTensor expected = golden.Weights[weight.Name];
            Assert.Equal(expected.Shape.Select(size => (long)size), weight.Shape);
            Assert.Equal(expected.Floats, weight.ToArray());
        }
    }

    [Theory]
    [InlineData("weights.safetensors")]
    [InlineData("weights.old-names.safetensors")]
    public void Torchvisions_transformer_computes_what_torchvision_does(string fileName)
    {
        Golden golden = Golden.Load("torchvision-vit");
        VisionTransformerConfig config = new()
        {
            ImageSize = golden.Integer("image_size"),
            PatchSize = golden.Integer("patch_size"),
            Depth = golden.Integer("num_layers"),
            Heads = golden.Integer("num_heads"),
            Dim = golden.Integer("hidden_dim"),
            MlpDim = golden.Integer("mlp_dim"),
            Classes = golden.Integer("num_classes"),
        };
        VisionTransformer model = config.Build();
        string path = Path.Combine(golden.Folder, fileName);
        Assert.SkipUnless(File.Exists(path), $"The fixture has no {fileName} of torchvision-vit.");
        using WeightFile file = WeightFiles.Open(path);
        LoadPlan plan = LoadPlan.Create(model, StateDict.Of(file), file.Path, Device.Cpu, strict: true);
        plan.Initialize(model, Device.Cpu, 0);
        model.Train(false);

        using StepScope scope = StepScope.Begin();
        (double absolute, double relative) = golden.Tolerance("forward");
        GoldenAssert.Close(golden["logits"].Floats, model.Forward(golden["input"].ToTensor(Device.Cpu)).ToArray(),
            absolute, relative);
    }
}
