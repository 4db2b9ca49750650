using Fovea.Lab.Benchmarks;
using Fovea.Vision.Models;

namespace Fovea.Lab.Tests.Benchmarks;

/// <summary>Multiply-adds of whole models, written out by hand.</summary>
public sealed class FlopCountTests
{
    [Fact]
    public void A_plain_transformer() =>
        AssertMacs("deit_tiny_patch16_224", 196.0 * 768 * 192 + 12 * Block(197, 192, 192 * 768 * 2) + 192 * 1000);

    [Fact]
    public void A_distillation_token_and_its_head_count() =>
        AssertMacs("deit_tiny_distilled_patch16_224",
            196.0 * 768 * 192 + 12 * Block(198, 192, 192 * 768 * 2) + 2 * 192 * 1000);

    [Fact]
    public void Registers_and_a_gated_mlp_of_three_matrices_count() =>
        AssertMacs("dinov2_vitg14_reg", 37.0 * 37 * 588 * 1536 + 40 * Block(5 + 37 * 37, 1536, 3 * 1536 * 4096));

    [Fact]
    public void Convolutional_tokens_and_sequence_pooling_count() =>
        AssertMacs("cct_2_3x2",
            32.0 * 32 * 27 * 64 + 16 * 16 * 576 * 128 + 2 * Block(64, 128, 2 * 128 * 128) + 2 * 64 * 128 + 128 * 10);

    private static double Block(double tokens, double dim, double mlp) =>
        tokens * (4 * dim * dim + mlp) + 2 * tokens * tokens * dim;

    private static void AssertMacs(string model, double expected) =>
        Assert.Equal(2 * expected, FlopCount.Forward(Presets.Find(model).Config), 1);
}
