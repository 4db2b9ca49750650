using Fovea.Lab.Benchmarks;
using Fovea.Torch.Backends;
using Fovea.Training.Recipes;
using Fovea.Training.Tests.Support;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;

namespace Fovea.Torch.Tests;

/// <summary>Products in bfloat16, everything else in single precision.</summary>
public sealed class PrecisionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>An operand is off by at most 2⁻⁸ of itself; results are rounded once more.</summary>
    [Fact]
    public void A_product_has_the_errors_of_bfloat16_and_no_larger_ones()
    {
        _ = Support.Torch.Device;
        Device low = Device.Open(Support.Torch.Name, precision: Precision.Bf16);
        Philox random = new(1, 2);
        float[] x = [.. Enumerable.Range(0, 64 * 48).Select(i => random.Uniform((ulong)i, 0.5f, 1))];
        float[] Product(Device device)
        {
            using StepScope scope = StepScope.Begin();
            return Ops.MatMul(Tensor.From(x, [64, 48], device), Tensor.From(x, [48, 64], device)).ToArray();
        }

        float[] exact = Product(Device.Reference), rounded = Product(low);

        double worst = exact.Zip(rounded, (e, r) => Math.Abs(r - e) / e).Max();
        Assert.InRange(worst, 1e-4, 3.0 / 256);
    }

    /// <summary>The same start, the same images: losses differ by roundings of products, and the model learns as
    /// well.</summary>
    [Theory]
    [InlineData("vit-nano", null)]
    [InlineData("vit-nano", "performer")]
    [InlineData("vit-nano", "disentangled")]
    [InlineData("cct_2_3x2", null)]
    public void A_run_in_bfloat16_follows_the_one_in_single_precision(string model, string? attention)
    {
        _ = Support.Torch.Device;
        Recipe recipe = TinyRun.Recipe with
        {
            Model = new()
            {
                Name = model,
                ImageSize = 16,
                PatchSize = model == "vit-nano" ? null : 4,
                Attention = attention is null ? null : (AttentionList)attention
            },
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 5 },
        };

        double[] single = Losses(recipe, Precision.Fp32), low = Losses(recipe, Precision.Bf16);

        Assert.NotEqual(single, low);
        for (int step = 0; step < low.Length; step++)
            Assert.InRange(low[step], 0.97 * single[step], 1.03 * single[step]);
    }

    /// <summary>What products leave takes half the memory.</summary>
    [Fact]
    public void Activations_of_a_step_take_less_memory()
    {
        _ = Support.Torch.Device;

        long single = Activations(Precision.Fp32), low = Activations(Precision.Bf16);

        Assert.InRange((double)low / single, 0.3, 0.8);
    }

    /// <summary>A fused kernel is compared with the definition before it is used; one that is not there is no
    /// error.</summary>
    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void A_fused_kernel_has_to_agree_with_the_definition(Precision precision)
    {
        _ = Support.Torch.Device;
        TorchBackend backend = (TorchBackend)Device.Open(Support.Torch.Name, precision: precision).Backend;

        Assert.True(backend.Agrees(TorchBackend.FusedKernel.Host));
        Assert.False(backend.Agrees(TorchBackend.FusedKernel.Efficient));
        Assert.False(backend.Agrees(TorchBackend.FusedKernel.Flash));
    }

    /// <summary>Several passes at once share the weights' rounded copies.</summary>
    [Fact]
    public void Passes_at_the_same_time_give_what_one_gives()
    {
        _ = Support.Torch.Device;
        Device device = Device.Open(Support.Torch.Name, precision: Precision.Bf16);
        ImageClassifier model = Presets.Find("vit-nano").Config.Build();
        model.Initialize(device, seed: 1);
        model.Train(false);
        float[] Scores(int seed)
        {
            using StepScope scope = StepScope.Begin();
            Philox random = new(3, (ulong)seed);
            float[] pixels = new float[2 * 3 * 32 * 32];
            for (int i = 0; i < pixels.Length; i++) pixels[i] = random.Uniform((ulong)i, -1, 1);
            return model.Forward(Tensor.From(pixels, [2, 3, 32, 32], device)).ToArray();
        }

        float[][] together = new float[16][];
        Parallel.For(0, together.Length, seed => together[seed] = Scores(seed));

        for (int seed = 0; seed < together.Length; seed++) Assert.Equal(Scores(seed), together[seed]);
    }

    private static long Activations(Precision precision) => Benchmark.Run(new BenchmarkOptions
    {
        Model = "vit",
        IsTraining = true,
        BatchSize = 8,
        Device = Support.Torch.Name,
        Precision = precision,
        Threads = 2,
        Steps = 1,
    }).ActivationBytes;

    private double[] Losses(Recipe recipe, Precision precision)
    {
        List<double> losses = [];
        recipe = recipe with { Run = recipe.Run with { Device = Support.Torch.Name, Precision = precision } };
        TinyRun.Start(recipe, _folder[$"{precision}"], new SilentObserver(step => losses.Add(step.BatchLoss)));
        return [.. losses];
    }
}
