using Fovea.Tensors.Tests.Support;
using Fovea.Tests;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class KernelAttentionTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 5, 1, 3)]
    [InlineData(2, 1, 3, 2)]
    [InlineData(2, 3, 2, 4)]
    [InlineData(1, 7, 3, 1)]
    public void Gradient_from_packed_projections(int batch, int tokens, int heads, int headDim) =>
        GradientCheck.Run(x => Packed(x[0], heads), Normal([batch, tokens, 3 * heads * headDim]));

    [Theory]
    [InlineData(FeatureMap.Identity)]
    [InlineData(FeatureMap.EluPlusOne)]
    public void Gradient_with_other_counts_of_keys_and_other_widths_of_values(FeatureMap map) =>
        GradientCheck.Run(
            x => Ops.KernelAttention(new(x[0], 2), new(x[1], 2), new(x[2], 2), map, epsilon: 0.1f),
            Uniform([2, 5, 2 * 3], 0.1f, 1), Uniform([2, 3, 2 * 3], 0.1f, 1), Normal([2, 3, 2 * 4]));

    [Fact]
    public void Gradient_where_only_the_values_are_packed_with_something_else() =>
        GradientCheck.Run(
            x => Ops.KernelAttention(new(x[0], 2), new(x[1], 2), new(x[2], 2, 3, 2), FeatureMap.Identity),
            Uniform([1, 4, 2 * 3], 0.1f, 1), Uniform([1, 4, 2 * 3], 0.1f, 1), Normal([1, 4, 3 * 2 * 2]));

    [Fact]
    public void The_result_is_the_values_weighted_with_products_of_features()
    {
        // Queries 2 and -1, keys 0 and 1, values 10 and 20: features 3 and 1/e, 1 and 2.
        Tensor q = Tensor.From([2f, -1], [1, 2, 1], Device.Reference), k = Tensor.From([0f, 1], [1, 2, 1], Device.Reference);
        Tensor v = Tensor.From([10f, 20], [1, 2, 1], Device.Reference);

        Tensor y = Ops.KernelAttention(new(q, 1), new(k, 1), new(v, 1), FeatureMap.EluPlusOne);
        Tensor withEpsilon = Ops.KernelAttention(new(q, 1), new(k, 1), new(v, 1), FeatureMap.EluPlusOne, epsilon: 1);

        GoldenAssert.Close([50.0 / 3, 50.0 / 3], y.Doubles(), 1e-12, 0);
        GoldenAssert.Close([150.0 / 10, 50 / Math.E / (1 + 3 / Math.E)], withEpsilon.Doubles(), 1e-6, 0);
    }

    [Fact]
    public void Small_features_keep_their_digits()
    {
        // Keys far below 0: eˣ − 1 + 1 would be rounded to 0 or to a few digits of eˣ.
        float[] keys = [-20, -21, -22];
        Tensor q = Tensor.From([0f, 0, 0], [1, 3, 1], Device.Cpu), k = Tensor.From(keys, [1, 3, 1], Device.Cpu);
        Tensor v = Tensor.From([1f, 0, 0], [1, 3, 1], Device.Cpu);

        float first = Ops.KernelAttention(new(q, 1), new(k, 1), new(v, 1), FeatureMap.EluPlusOne).ToArray()[0];

        Assert.Equal(1 / (1 + Math.Exp(-1) + Math.Exp(-2)), first, 1e-6);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_named_in_one_sentence()
    {
        Tensor x = Tensor.Zeros([2, 5, 12], Device.Reference), short_ = Tensor.Zeros([2, 4, 12], Device.Reference);
        string Message(Func<Tensor> call) => Assert.Throws<ShapeException>(call).Message;

        Assert.Contains("values [2, 4, 2 heads, 6]", Message(() => Ops.KernelAttention(new(x, 2), new(x, 2), new(short_, 2), FeatureMap.Identity)));
        Assert.Contains("2 · 5 heads · width", Message(() => Ops.KernelAttention(new(x, 5, 2), new(x, 2), new(x, 2), FeatureMap.Identity)));
        Assert.Contains("between 9 tokens, got 5 queries and 5 keys",
            Message(() => Ops.KernelAttention(new(x, 2), new(x, 2), new(x, 2), FeatureMap.Identity, new TokenRelation(0, 3, 3))));
        Assert.Contains("query weights must be [2, 2, 5, 1], got [2, 5, 12]",
            Message(() => Ops.KernelAttention(new(x, 2), new(x, 2), new(x, 2), FeatureMap.Identity, queryWeights: x)));
    }

    private static Tensor Packed(Tensor qkv, int heads) =>
        Ops.KernelAttention(new(qkv, heads, 3), new(qkv, heads, 3, 1), new(qkv, heads, 3, 2), FeatureMap.EluPlusOne);
}
