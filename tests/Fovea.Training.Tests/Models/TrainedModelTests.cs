using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;
using Fovea.Vision;

namespace Fovea.Training.Tests.Models;

public sealed class TrainedModelTests
{
    [Theory]
    [InlineData("vit-nano")]
    [InlineData("cvt-nano")]
    public void Scores_keep_their_bits_when_they_are_compiled(string preset)
    {
        TrainedModel model = Trained(preset);
        for (int count = 1; count <= 3; count++)
        {
            float[] images = Images(model, count), expected = Direct(model, images, count);
            for (int i = 0; i < 12; i++) Assert.Equal(expected, model.Scores(images, count));
        }
    }

    [Fact]
    public void Changed_weights_are_seen()
    {
        TrainedModel model = Trained("vit-nano");
        float[] images = Images(model, 1);
        for (int i = 0; i < 12; i++) model.Scores(images, 1);
        Tensor weight = model.Model.NamedParameters().Last(entry => entry.Parameter.Shape.Rank == 2).Parameter.Value;
        weight.CopyFrom(new float[weight.Shape.Elements]);
        Assert.Equal(Direct(model, images, 1), model.Scores(images, 1));
    }

    private static TrainedModel Trained(string preset)
    {
        ImageClassifier model = ModelChoice.Configure(
            TinyRun.Recipe with { Model = new() { Name = preset, ImageSize = 32 } }, TinyRun.Images.Info).Build();
        model.Initialize(Device.Cpu, 3);
        return TrainedModel.Of(model, TinyRun.Recipe, TinyRun.Images.Info, "model");
    }

    private static float[] Direct(TrainedModel model, float[] images, int count)
    {
        using IDisposable alike = BatchInvariance.Begin();
        using StepScope scope = StepScope.Begin();
        ModelConfig config = model.Model.Config;
        return model.Model.Forward(Tensor.From(images,
            [count, config.Channels, config.ImageSize, config.ImageSize], Device.Cpu)).ToArray();
    }

    private static float[] Images(TrainedModel model, int count)
    {
        ModelConfig config = model.Model.Config;
        Philox random = new(4, (ulong)count);
        return [.. Enumerable.Range(0, count * config.Channels * config.ImageSize * config.ImageSize)
            .Select(i => random.Uniform((ulong)i, -1, 1))];
    }
}
