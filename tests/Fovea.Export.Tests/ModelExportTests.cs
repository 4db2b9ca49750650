using System.Text.Json;
using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Export.Tests.Support;
using Fovea.Training;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Vision.Attention;
using Microsoft.ML.OnnxRuntime;

namespace Fovea.Export.Tests;

/// <summary>Trained models, from the checkpoint to the answers of ONNX Runtime for bytes of images.</summary>
public sealed class ModelExportTests
{
    private const int Size = 32;

    private static readonly DatasetSplits Images = ShapesDataset.Load(seed: 0, train: 32, validation: 8, test: 30);

    [Theory]
    [InlineData("vit-nano", null)]
    [InlineData("vit-nano", "disentangled:axes=1,span=2,sinkhorn:3")]
    [InlineData("vit-nano", "performer")]
    [InlineData("resnet18-cifar", null)]
    public void A_trained_model_answers_as_ours(string name, string? attention)
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Train(folder, name, attention);
        List<double[]> ours = [.. model.Predict(Images.Test)];

        OnnxSummary summary = ModelExport.Write(model, folder["model.onnx"], new(), preprocess: true);
        Assert.Equal("images [batch, height, width, 3] uint8", summary.Input);
        Assert.Equal("logits [batch, 10] float32", summary.Output);
        Assert.Equal(new FileInfo(folder["model.onnx"]).Length, summary.Bytes);
        Assert.Null(summary.DataPath);
        using InferenceSession session = Runtime.Open(folder["model.onnx"]);
        for (int i = 0; i < Images.Test.Count; i++)
        {
            float[] logits = Runtime.Run(session, Bytes(i), 1, Size, Size, 3);
            double[] theirs = Softmax(logits);
            Assert.InRange(theirs.Zip(ours[i], (a, b) => Math.Abs(a - b)).Max(), 0, 1e-5);
            Assert.Equal(Array.IndexOf(ours[i], ours[i].Max()), Array.IndexOf(theirs, theirs.Max()));
        }

    }

    [Fact]
    public void Metadata_say_how_images_are_prepared_and_what_classes_are_called()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Train(folder, "vit-nano", "sinkhorn:3", ("crop-pct", "0.9"),
            ("interpolation", "bicubic"), ("mean", "0.5,0.25,0.125"), ("std", "0.5,0.5,0.2"));
        ModelExport.Write(model, folder["model.onnx"], new() { Weights = WeightNumbers.Fp16 }, preprocess: false);
        OnnxFile file = OnnxFile.Read(folder["model.onnx"]);
        Assert.Empty(file.Broken());
        IReadOnlyDictionary<string, string> metadata = file.Metadata;
        Assert.Equal("vit-nano", metadata["model"]);
        Assert.Equal("sinkhorn:3", metadata["attention"]);
        Assert.Equal(("32", "3"), (metadata["image_size"], metadata["image_channels"]));
        Assert.Equal(("0.5,0.25,0.125", "0.5,0.5,0.2"), (metadata["image_mean"], metadata["image_std"]));
        Assert.Equal("shorter side to 35, middle 32 cut out", metadata["image_resize"]);
        Assert.Equal(("bicubic", "by the caller", "fp16"),
            (metadata["interpolation"], metadata["preprocessing"], metadata["weights"]));
        Assert.Equal(Images.Info.ClassNames, JsonSerializer.Deserialize<string[]>(metadata["class_names"]));
        Assert.False(string.IsNullOrWhiteSpace(metadata["fovea_version"]));
    }

    [Fact]
    public void A_filter_that_onnx_lacks_is_refused_inside_the_graph_alone()
    {
        using TemporaryFolder folder = new();
        TrainedModel model = Train(folder, "vit-nano", null, ("interpolation", "lanczos"));
        UsageException error = Assert.Throws<UsageException>(() =>
            ModelExport.Write(model, folder["model.onnx"], new(), preprocess: true));
        Assert.Equal("interpolation", error.Field);
        ModelExport.Write(model, folder["model.onnx"], new(), preprocess: false);
        Assert.Equal("lanczos", OnnxFile.Read(folder["model.onnx"]).Metadata["interpolation"]);
    }

    private static TrainedModel Train(TemporaryFolder folder, string name, string? attention,
        params (string Field, string Value)[] more)
    {
        Recipe recipe = new()
        {
            Model = new()
            {
                Name = name,
                ImageSize = Size,
                Attention = attention is null ? null : AttentionList.Parse(attention)
            },
            Optimisation = new() { Epochs = 1, BatchSize = 16 },
            Run = new() { Out = folder["run"] },
        };
        foreach ((string field, string value) in more)
            recipe = RecipeFields.All.Single(one => one.Name == field).Write(recipe, value, field);
        TrainingRun.Start(recipe, new Silent(), CancellationToken.None, Images);
        return TrainedModel.Load(folder["run"], Device.Cpu);
    }

    /// <summary>An image of the test set, <c>[height, width, channel]</c>.</summary>
    private static byte[] Bytes(int index)
    {
        RawImage image = new();
        Images.Test.Read(index, image);
        byte[] bytes = new byte[Size * Size * 3];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = image.Plane(i % 3)[i / 3];
        return bytes;
    }

    private static double[] Softmax(float[] logits)
    {
        double largest = logits.Max();
        double[] shares = [.. logits.Select(logit => Math.Exp(logit - largest))];
        return [.. shares.Select(share => share / shares.Sum())];
    }
}
