using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Vision.Tests.Explanation;

public sealed class PerformerApproximationTests
{
    [Fact]
    public void The_error_falls_with_the_number_of_features()
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = Model("softmax");
        Tensor images = TestTensors.Normal([2, 3, 16, 16], Device.Cpu);

        IReadOnlyList<PerformerError> errors = PerformerApproximation.Measure(model, images, [32, 256, 2048],
            [1, 2, 3, 4, 5]);

        Assert.Equal(15, errors.Count);
        double[] attention = Means(errors, error => error.Attention), logits = Means(errors, error => error.Logits);
        for (int i = 1; i < attention.Length; i++)
        {
            // Eight times the features should give 1/√8 of the error.
            Assert.True(attention[i] < 0.6 * attention[i - 1], $"attention: {string.Join(", ", attention)}");
            Assert.True(logits[i] < 0.6 * logits[i - 1], $"logits: {string.Join(", ", logits)}");
        }

        Assert.True(attention[^1] < 0.05 && logits[^1] < 0.05, $"{attention[^1]}, {logits[^1]}");
    }

    [Fact]
    public void Other_models_are_refused_and_the_model_stays_as_it_was()
    {
        VisionTransformer model = Model("softmax");
        using StepScope scope = StepScope.Begin();
        PerformerApproximation.Measure(model, TestTensors.Normal([1, 3, 16, 16], Device.Cpu), [4], [1]);

        Assert.True(model.Training);
        Assert.Throws<ArgumentException>(() =>
            PerformerApproximation.Measure(Model("linear"), TestTensors.Normal([1, 3, 16, 16], Device.Cpu), [4], [1]));
    }

    /// <summary>The windows of the model's epoch are the Performers', too.</summary>
    [Theory]
    [InlineData("softmax:window=1", 0)]
    [InlineData("softmax:soft=2", 0)]
    [InlineData("softmax:soft=0,penalty=4,fade=8,scale=0.2", 6)]
    [InlineData("softmax:window=0/1,until=2/4,softmax", 3)]
    public void Windows_are_approximated_too(string attention, int epoch)
    {
        using StepScope scope = StepScope.Begin();
        VisionTransformer model = Model(attention);
        model.Context = model.Context with { Epoch = epoch };
        IReadOnlyList<PerformerError> errors = PerformerApproximation.Measure(model,
            TestTensors.Normal([2, 3, 16, 16], Device.Cpu), [16, 4096], [1, 2]);

        double[] means = Means(errors, error => error.Attention);
        Assert.True(means[1] < 0.25 * means[0], $"{attention}: {string.Join(", ", means)}");
    }

    [Theory]
    [InlineData("softmax", "learned+relative", "'learned+relative' are a bias of the scores")]
    [InlineData("softmax", "alibi", "'alibi' are a bias of the scores")]
    [InlineData("softmax:scale=0", "learned", "above 0, this one is 'softmax:scale=0'")]
    [InlineData("softmax,softmax:scale=-1", "learned", "above 0, this one is 'softmax:scale=-1'")]
    [InlineData("softmax,linear", "learned", "softmax attention in all blocks can be approximated, this one has "
        + "softmax,linear")]
    public void Obstacles_are_named(string attention, string position, string expected)
    {
        VisionTransformer model = new VisionTransformerConfig
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 32,
            Depth = 2,
            Heads = 2,
            Attention = attention,
            Position = position,
        }.Build();

        Assert.Contains(expected, PerformerApproximation.Obstacle(model), StringComparison.Ordinal);
    }

    private static double[] Means(IReadOnlyList<PerformerError> errors, Func<PerformerError, double> value) =>
        [.. errors.GroupBy(error => error.Features).OrderBy(group => group.Key).Select(group => group.Average(value))];

    /// <summary>A model whose attention is not nearly uniform, as that of first weights would be.</summary>
    private static VisionTransformer Model(string attention)
    {
        VisionTransformer model = new VisionTransformerConfig
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 32,
            Depth = 2,
            Heads = 2,
            Classes = 5,
            Attention = attention,
        }.Build();
        model.Initialize(Device.Cpu, 5);
        foreach ((string name, Parameter parameter) in model.NamedParameters())
            if (name.EndsWith("qkv.weight", StringComparison.Ordinal))
                parameter.Value.CopyFrom(Array.ConvertAll(parameter.Value.ToArray(), value => 4 * value));
        return model;
    }
}
