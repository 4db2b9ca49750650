
using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Lab.Tests.Explanations;

/// <summary>That explanations say something true: the drawn dataset knows where its shape is.</summary>
public sealed class AttentionOnShapesTests(ITestOutputHelper output)
{
    private const int Images = 100;

    /// <summary>
    /// The model of the quick start, trained for half a minute. The untrained one beside it looks everywhere alike: its
    /// share is the area's.
    /// </summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void A_trained_transformer_looks_at_the_shape()
    {
        using TemporaryFolder folder = new();
        DatasetSplits data = ShapesDataset.Load(seed: 0, train: 6000, validation: 100, test: Images);
        Recipe recipe = new()
        {
            Model = new() { Name = "vit-nano" },
            Optimisation = new() { Epochs = 3, BatchSize = 32, LearningRate = 2e-3 },
        };
        TinyRun.Start(recipe, folder.Path, data: data);
        TrainedModel trained = TrainedModel.Load(folder.Path, Device.Cpu);
        VisionTransformer fresh = (VisionTransformer)trained.Model.Config.Build();
        fresh.Initialize(Device.Cpu, 1);
        fresh.Train(false);

        (double rollout, double relevance, double area) = Shares(trained, (VisionTransformer)trained.Model, data.Test);
        (double before, _, _) = Shares(trained, fresh, data.Test);
        output.WriteLine(
            $"accuracy {trained.Evaluate(data.Test, 50, stop: TestContext.Current.CancellationToken).Top1}, area "
                + $"{area:0.000}; rollout {rollout:0.000} = {rollout / area:0.00} areas, untrained "
                + $"{before / area:0.00}; relevance {relevance / area:0.00} areas");

        Assert.InRange(before / area, 0.9, 1.1);
        Assert.True(rollout > 1.5 * area,
            $"{rollout:0.000} of the rollout lies on the shape, which covers {area:0.000}");
        Assert.True(relevance > 1.5 * area,
            $"{relevance:0.000} of the relevance lies on the shape, which covers {area:0.000}");
    }

    /// <summary>Mean shares on the shape: of rollout, of relevance, and of the image's area.</summary>
    private static (double Rollout, double Relevance, double Area) Shares(TrainedModel trained, VisionTransformer model,
        IImageDataset test)
    {
        List<(double, double, double)> shares = [];
        foreach (Data.Loading.Batch batch in trained.Each(test))
        {
            using StepScope scope = StepScope.Begin();
            using AttentionTrace trace = AttentionTrace.Of(model, batch.ToImages(trained.Device));
            float[] cover = ByPatch(ShapesDataset.Cover(0, "test", batch.Indices[0]), trace.Grid);
            shares.Add((trace.Rollout.ShareOn(cover), trace.Relevance.ShareOn(cover), cover.Average()));
        }

        Assert.Equal(Images, shares.Count);
        return (shares.Average(share => share.Item1), shares.Average(share => share.Item2),
            shares.Average(share => share.Item3));
    }

    /// <summary>The mean cover of each patch's pixels.</summary>
    private static float[] ByPatch(float[] cover, TokenGrid grid)
    {
        const int Side = ShapesDataset.ImageSize;
        (int height, int width) = (Side / grid.Rows, Side / grid.Columns);
        float[] patches = new float[grid.Patches];
        for (int i = 0; i < cover.Length; i++)
            patches[i / Side / height * grid.Columns + i % Side / width] += cover[i] / (height * width);
        return patches;
    }
}
