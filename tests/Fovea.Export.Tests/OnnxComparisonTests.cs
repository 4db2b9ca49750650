using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Export.Native;
using Fovea.Export.Tests.Support;
using Fovea.Nn;
using Fovea.Training;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Export.Tests;

/// <summary>Models trained here beside their exported files, in ONNX Runtime loaded at run time.</summary>
public sealed class OnnxComparisonTests : IClassFixture<OnnxComparisonTests.Run>
{
    private readonly Run _run;

    public OnnxComparisonTests(Run run) => _run = run;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thousand_images_get_the_same_class(bool preprocess)
    {
        using TemporaryFolder folder = new();
        ModelExport.Write(_run.Model, folder["model.onnx"], new(), preprocess);
        using OnnxComparison comparison = new(folder["model.onnx"], _run.Model);
        OnnxAgreement agreement = comparison.Run(_run.Images.Test, 64, stop: Stop);
        Assert.Equal((1000, 0), (agreement.Images, agreement.Different));
        Assert.Equal((agreement.Model.Top1, agreement.Model.Top5), (agreement.Onnx.Top1, agreement.Onnx.Top5));
        Assert.InRange(agreement.LargestDifference, 0, 1e-4);
        Assert.True(agreement.Agrees);
        EvaluationResult own = _run.Model.Evaluate(_run.Images.Test, 64, stop: Stop);
        Assert.Equal((own.Top1, own.Top5), (agreement.Model.Top1, agreement.Model.Top5));
        // it learned something, so that agreeing means something
        Assert.InRange(own.Predicted.Distinct().Count(), 5, 10);
        Assert.Matches(@"^\d+\.\d+", comparison.Version);
    }

    [Fact]
    public void Half_precision_may_differ_by_more()
    {
        using TemporaryFolder folder = new();
        ModelExport.Write(_run.Model, folder["model.onnx"], new() { Weights = WeightNumbers.Fp16 }, preprocess: false);
        using OnnxComparison comparison = new(folder["model.onnx"], _run.Model);
        OnnxAgreement agreement = comparison.Run(_run.Some, 16, stop: Stop);
        Assert.Equal((0.1, 0.005), (agreement.Tolerance, agreement.DifferentAllowed));
        Assert.True(agreement.Agrees);
        Assert.False(comparison.Run(_run.Some, 16, tolerance: 1e-7, stop: Stop).Agrees);
    }

    /// <summary>Another order of the classes in the file: they are matched by name.</summary>
    [Fact]
    public void Classes_are_matched_by_name()
    {
        using TemporaryFolder folder = new();
        int[] order = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];
        DatasetInfo data = _run.Model.Head.Data;
        TrainedModel other = With(_run.Model, order,
            data with { ClassNames = [.. order.Select(label => data.ClassNames[label])] });
        ModelExport.Write(other, folder["model.onnx"], new(), preprocess: false);
        using OnnxComparison comparison = new(folder["model.onnx"], _run.Model);
        OnnxAgreement agreement = comparison.Run(_run.Some, 16, stop: Stop);
        Assert.True(agreement.Agrees);
        Assert.Equal(0, agreement.Different);

        // the same rows under names that do not go with them
        ModelExport.Write(With(_run.Model, order, data), folder["wrong.onnx"], new(), preprocess: false);
        using OnnxComparison wrong = new(folder["wrong.onnx"], _run.Model);
        OnnxAgreement disagreement = wrong.Run(_run.Some, 16, stop: Stop);
        Assert.False(disagreement.Agrees);
        Assert.True(disagreement.Different > 10);
        Assert.InRange(disagreement.DifferentImages.Count, 1, 10);
        Assert.NotEqual(disagreement.Model.Top1, disagreement.Onnx.Top1);
    }

    [Fact]
    public void Other_classes_and_other_preparation_are_refused()
    {
        using TemporaryFolder folder = new();
        DatasetInfo data = _run.Model.Head.Data;
        int[] same = [.. Enumerable.Range(0, 10)];
        ModelExport.Write(
            With(_run.Model, same, data with { ClassNames = [.. data.ClassNames.Select(name => $"my {name}")] }),
            folder["classes.onnx"], new(), preprocess: false);
        UsageException error = Assert.Throws<UsageException>(() =>
            new OnnxComparison(folder["classes.onnx"], _run.Model));
        Assert.Contains("knows 10 classes", error.Sentence, StringComparison.Ordinal);

        ModelExport.Write(With(_run.Model, same, data with { Normalization = Normalization.ImageNet }),
            folder["images.onnx"], new(), preprocess: true);
        error = Assert.Throws<UsageException>(() => new OnnxComparison(folder["images.onnx"], _run.Model));
        Assert.Contains("image_mean '0.485,0.456,0.406' in the file", error.Sentence, StringComparison.Ordinal);
        Assert.Contains("`mean`", error.Remedy, StringComparison.Ordinal);

        ModelExport.Write(_run.Model, folder["size.onnx"], new() { ImageSize = 64 }, preprocess: false);
        error = Assert.Throws<UsageException>(() => new OnnxComparison(folder["size.onnx"], _run.Model));
        Assert.Contains("image_size '64' in the file, '32' in the model", error.Sentence, StringComparison.Ordinal);

        OnnxExport.Write(_run.Model.Model, folder["bare.onnx"], new());
        Assert.Contains("class_names", Assert.Throws<CheckpointException>(() =>
            new OnnxComparison(folder["bare.onnx"], _run.Model)).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_not_there_or_nothing_are_refused()
    {
        using TemporaryFolder folder = new();
        Assert.Throws<UsageException>(() => new OnnxComparison(folder["none.onnx"], _run.Model));
        File.WriteAllText(folder["text.onnx"], "no graph");
        CheckpointException error = Assert.Throws<CheckpointException>(() =>
            new OnnxComparison(folder["text.onnx"], _run.Model));
        Assert.Contains("cannot use it", error.Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Sentence);
    }

    [Fact]
    public void A_library_that_is_not_there_or_another_is_one_sentence_with_a_remedy()
    {
        using TemporaryFolder folder = new();
        UsageException Refused(string place) => Assert.Throws<UsageException>(() =>
            OnnxRuntimeFiles.Load(name => name == OnnxRuntimeFiles.Variable ? place : null));
        UsageException missing = Refused(folder["nowhere"]);
        Assert.StartsWith("FOVEA_ONNXRUNTIME is '", missing.Sentence, StringComparison.Ordinal);
        Assert.NotNull(missing.Remedy);
        File.WriteAllText(folder["libonnxruntime.so"], "no library");
        Assert.Contains("cannot be loaded", Refused(folder["libonnxruntime.so"]).Sentence, StringComparison.Ordinal);
        const string math = "/lib/x86_64-linux-gnu/libm.so.6";
        if (File.Exists(math))
            Assert.Contains("it has no OrtGetApiBase", Refused(math).Sentence, StringComparison.Ordinal);
    }

    /// <summary>The model with its head's rows in an order, and data.</summary>
    private static TrainedModel With(TrainedModel model, int[] order, DatasetInfo data)
    {
        ImageClassifier copy = model.Model.Config.Build();
        copy.Allocate(Device.Cpu);
        copy.Load(model.Model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));
        foreach ((string name, Parameter parameter) in copy.NamedParameters())
        {
            if (!ModelStages.IsHead(name)) continue;
            float[] values = parameter.Value.ToArray();
            int width = values.Length / order.Length;
            parameter.Value.CopyFrom([.. order.SelectMany(row => values.Skip(row * width).Take(width))]);
        }

        return TrainedModel.Of(copy, model.Head.Recipe, data, "other");
    }

    /// <summary>A tiny model, trained once.</summary>
    public sealed class Run : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Run()
        {
            Images = ShapesDataset.Load(seed: 0, train: 1024, validation: 8, test: 1000);
            Recipe recipe = new()
            {
                Model = new() { Name = "vit-nano", ImageSize = 32 },
                Optimisation = new() { Epochs = 4, BatchSize = 32 },
                Run = new() { Out = _folder["run"] },
            };
            TrainingRun.Start(recipe, new Silent(), CancellationToken.None, Images);
            Model = TrainedModel.Load(_folder["run"], Device.Cpu);
            Some = Subset.Balanced(Images.Test, 100, 0);
        }

        public DatasetSplits Images { get; }

        public TrainedModel Model { get; }

        public IImageDataset Some { get; }

        public void Dispose() => _folder.Dispose();
    }
}
