using Fovea.Lab.Estimation;
using Fovea.Tensors;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Lab.Tests.Estimation;

public class ModelCostTests
{
    public static TheoryData<string> Mechanisms =>
        [.. AttentionCatalogue.All.Select(entry => entry.Name), "softmax:window=1", "neighborhood:3",
            "performer:window=1",
            "disentangled:mix=performer"];

    /// <summary>What is alive after a forward pass under a tape and after the backward pass: the same elements as on a
    /// backend that computes.</summary>
    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Counts_the_elements_that_a_real_step_holds(string attention)
    {
        ModelConfig config = (VisionTransformerConfig)Presets.Find("vit-nano").Config with
        {
            ImageSize = 16,
            Depth = 2,
            Attention = attention
        };
        Assert.Equal(Elements(config, Device.CreateReference(), sizeof(double)),
            Elements(config, Device.CreateMeta(), sizeof(float)));
    }

    [Theory]
    [InlineData("resnet18-cifar")]
    [InlineData("cct_2_3x2")]
    public void Counts_convolutional_models_too(string preset)
    {
        ModelConfig config = Presets.Find(preset).Config with { ImageSize = 8 };
        Assert.Equal(Elements(config, Device.CreateReference(), sizeof(double)),
            Elements(config, Device.CreateMeta(), sizeof(float)));
    }

    /// <summary>The usual counts: 17.6 and 1.8 billion multiply-adds, and a hand count of <c>vit</c>.</summary>
    [Theory]
    [InlineData("vit_base_patch16_224", 17.58e9, 0.005)]
    [InlineData("resnet18", 1.814e9, 0.005)]
    [InlineData("vit", 256 * 12 * 128 + 4 * (257 * (128 * 3 * 128 + 128 * 128 + 2 * 128 * 512) + 2 * 257 * 257 * 128)
        + 128 * 10.0, 1e-12)]
    public void Operations_agree_with_a_hand_count(string preset, double multiplyAdds, double tolerance)
    {
        ModelConfig config = Presets.Find(preset).Config;
        Assert.Equal(1, ModelCost.OfInference(config).FlopsPerImage / (2 * multiplyAdds), tolerance);
        Assert.Equal(3, ModelCost.OfTraining(config).FlopsPerImage / ModelCost.OfInference(config).FlopsPerImage,
            1e-12);
    }

    /// <summary>Each normalisation after the first is one more product of the matrix with a vector, and exponentiates
    /// all scores.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(21)]
    public void Doubly_stochastic_attention_counts_its_iterations(int iterations)
    {
        VisionTransformerConfig softmax = (VisionTransformerConfig)Presets.Find("vit").Config;
        ModelCost plain = ModelCost.OfInference(softmax),
            sinkhorn = ModelCost.OfInference(softmax with { Attention = $"sinkhorn:{iterations}" });
        double pairs = 4 * 257.0 * 257 * 8;
        Assert.Equal(2 * pairs * (iterations - 1), sinkhorn.FlopsPerImage - plain.FlopsPerImage, 1);
        Assert.Equal(pairs * (iterations + 1), sinkhorn.ExponentialsPerImage);
    }

    [Fact]
    public void Checkpointed_blocks_take_less_memory_and_a_forward_pass_more()
    {
        ModelConfig config = Presets.Find("vit_small_patch16_224").Config;
        ModelCost plain = ModelCost.OfTraining(config), again = ModelCost.OfTraining(config, recomputesBlocks: true);
        Assert.InRange(again.FlopsPerImage / plain.FlopsPerImage, 1.3, 4 / 3.0);
        Assert.True(again.ActivationBytesPerImage < plain.ActivationBytesPerImage / 2);
        Assert.True(again.LargestBatch(8e9) > 2 * plain.LargestBatch(8e9));
    }

    /// <summary>Of <c>vit</c>: 4 blocks with matrices of 384 x 128, 128 x 128 and two of 512 x 128; each iteration has
    /// XXᵀ, its square, and their sum times X.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Muon_counts_the_products_of_its_iteration_once_a_step(int iterations)
    {
        ModelConfig config = Presets.Find("vit").Config;
        ModelCost adam = ModelCost.OfTraining(config), muon = ModelCost.OfTraining(config,
            optimisation: new() { Optimizer = OptimizerKind.Muon, MuonIterations = iterations });
        double longer = 384 + 128 + 512 + 512, products = 2 * 128.0 * 128 * (longer + 4 * 128 + longer);
        Assert.Equal(4 * iterations * products, muon.FlopsPerStep);
        Assert.Equal(0, adam.FlopsPerStep);
        Assert.Equal(adam.FlopsPerImage, muon.FlopsPerImage);
        Assert.Equal(0, ModelCost.OfInference(config).FlopsPerStep);
    }

    [Fact]
    public void Images_without_labels_learn_with_each_labelled_one_and_pass_forward_for_their_targets()
    {
        ModelConfig config = Presets.Find("vit-nano").Config;
        ModelCost plain = ModelCost.OfTraining(config), inference = ModelCost.OfInference(config);
        Assert.Equal(plain, plain.WithUnlabelled(new(), inference));

        ModelCost fixMatch = plain.WithUnlabelled(new() { Method = SemiMethod.FixMatch }, inference),
            teacher = plain.WithUnlabelled(new() { Method = SemiMethod.MeanTeacher, Ratio = 2 }, inference);
        Assert.Equal((8, 3), (fixMatch.ImagesPerLabel, teacher.ImagesPerLabel));
        Assert.Equal((8 * 3 + 7) * inference.FlopsPerImage, fixMatch.FlopsPerImage, 1);
        Assert.Equal((3 * 3 + 2) * inference.FlopsPerImage, teacher.FlopsPerImage, 1);
        Assert.Equal(plain.StateBytes + sizeof(float) * plain.Parameters, teacher.StateBytes);   // an average
        long average = sizeof(float) * plain.Parameters;
        Assert.Equal(plain.MemoryBytes(24) + average, teacher.MemoryBytes(8));
        const double Room = 1e9;
        int batch = teacher.LargestBatch(Room);
        Assert.InRange(Room, teacher.MemoryBytes(batch), teacher.MemoryBytes(batch + 1));
    }

    [Fact]
    public void The_largest_batch_fits_and_a_larger_one_does_not()
    {
        ModelCost cost = ModelCost.OfTraining(Presets.Find("vit-nano").Config);
        for (long bytes = 50_000_000; bytes < 1_000_000_000; bytes = bytes * 5 / 3)
        {
            int batch = cost.LargestBatch(bytes);
            Assert.InRange(bytes, cost.MemoryBytes(batch), cost.MemoryBytes(batch + 2));
        }

        Assert.Equal(0, cost.LargestBatch(1000));
    }

    [Fact]
    public void Training_takes_more_memory_than_inference()
    {
        ModelConfig config = Presets.Find("vit").Config;
        ModelCost training = ModelCost.OfTraining(config), inference = ModelCost.OfInference(config);
        Assert.True(training.ActivationBytesPerImage > 2 * inference.ActivationBytesPerImage);
        Assert.Equal(4 * sizeof(float) * training.Parameters, training.StateBytes);   // values, gradients, two averages
        Assert.InRange(inference.StateBytes, sizeof(float) * inference.Parameters,
            sizeof(float) * inference.Parameters + 4096);
    }

    /// <summary>Elements of a model, with what its tape holds, and with its gradients.</summary>
    private static (long Model, long Forward, long Backward) Elements(ModelConfig config, Device device, int bytes)
    {
        ImageClassifier model = config.Build();
        model.Initialize(device, seed: 0);
        long Alive() => device.Backend.AllocatedBytes / bytes;
        long weights = Alive();
        using StepScope scope = StepScope.Begin();
        using Tape tape = Tape.Record();
        model.Context = model.Context with { Random = new Philox(0, 1) };
        Tensor images = Tensor.Full([2, config.Channels, config.ImageSize, config.ImageSize], 0.5f, device);
        Tensor loss = Ops.CrossEntropy(model.Forward(images), Tensor.From([0, 1], [2], device));
        long forward = Alive();
        tape.Backward(loss);
        return (weights, forward, Alive());
    }
}
