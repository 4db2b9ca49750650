using Fovea.Tensors;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Attention;

namespace Fovea.Vision.Tests.Models;

/// <summary>The threading contract: one model evaluates images on several threads at once, and each gets the bits that
/// it gets alone.</summary>
public sealed class ConcurrentForwardTests
{
    private const int Threads = 6, Passes = 25;

    private static readonly Lazy<Device> SharedCpu = new(() => Device.CreateCpu(threads: 2));

    public static TheoryData<string> Mechanisms => AttentionCatalogueTests.All;

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Transformers_give_the_bits_of_a_lone_pass(string attention) => Check(
        new VisionTransformerConfig
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 12,
            Depth = 2,
            Heads = 2,
            MlpDim = 16,
            Classes = 3,
            Attention = attention,
        },
        SharedCpu.Value);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Residual_networks_do(bool smallStem) =>
        Check(new ResNetConfig { ImageSize = 32, Layers = [1, 2], Widths = [4, 6], Classes = 3, SmallStem = smallStem },
            SharedCpu.Value);

    [Fact]
    public void The_reference_device_does() =>
        Check(new ResNetConfig { ImageSize = 16, Layers = [1, 1], Widths = [3, 4], Classes = 3 },
            Device.CreateReference());

    private static void Check(ModelConfig config, Device device)
    {
        ImageClassifier model = config.Build();
        model.Initialize(device, 3);
        model.Train(false);

        // Two sizes where the model takes them, so that what is remembered of the last grid changes all the time.
        int other = config is VisionTransformerConfig ? config.ImageSize + 4 : config.ImageSize;
        float[][] images = [.. Enumerable.Range(0, Threads).Select(thread => Pixels(thread, Shape(thread)))];
        float[][] expected = [.. Enumerable.Range(0, Threads).Select(Scores)];
        float[][] parameters = [.. model.NamedState().Select(entry => entry.Tensor.Value.ToArray())];

        using Barrier start = new(Threads);
        int[] wrong = new int[Threads];
        Exception?[] failures = new Exception?[Threads];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(index => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                for (int pass = 0; pass < Passes; pass++)
                    if (!Scores(index).AsSpan().SequenceEqual(expected[index])) wrong[index]++;
            }
            catch (Exception failure)   // reported below, on the thread of the test
            {
                failures[index] = failure;
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();

        Assert.All(failures, Assert.Null);
        Assert.All(wrong, count => Assert.Equal(0, count));
        Assert.Equal(parameters, model.NamedState().Select(entry => entry.Tensor.Value.ToArray()));

        Shape Shape(int thread)
        {
            int side = thread % 2 == 0 ? config.ImageSize : other;
            return [2, 3, side, side];
        }

        float[] Scores(int thread)
        {
            using StepScope scope = StepScope.Begin();
            return model.Forward(Tensor.From(images[thread], Shape(thread), device)).ToArray();
        }
    }

    private static float[] Pixels(int seed, Shape shape)
    {
        Philox random = new((ulong)seed, 1);
        return [.. Enumerable.Range(0, shape.Elements).Select(i => random.Uniform((ulong)i, -1, 1))];
    }
}
