using Fovea.Training.Recipes;
using Fovea.Training.Tests.Support;
using Fovea.Vision.Attention;

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
        Device low = Device.Open("torch", precision: Precision.Bf16);
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

    private double[] Losses(Recipe recipe, Precision precision)
    {
        List<double> losses = [];
        recipe = recipe with { Run = recipe.Run with { Device = "torch", Precision = precision } };
        TinyRun.Start(recipe, _folder[$"{precision}"], new SilentObserver(step => losses.Add(step.BatchLoss)));
        return [.. losses];
    }
}
