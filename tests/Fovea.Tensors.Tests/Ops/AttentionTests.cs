using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class AttentionTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 5, 1, 3)]
    [InlineData(2, 1, 3, 2)]
    [InlineData(2, 3, 2, 4)]
    [InlineData(1, 7, 3, 1)]
    public void Gradient(int batch, int tokens, int heads, int headDim) =>
        GradientCheck.Run(x => Ops.Attention(x[0], heads), Normal([batch, tokens, 3 * heads * headDim]));

    [Fact]
    public void Gradient_with_a_scale_of_ones_own() =>
        GradientCheck.Run(x => Ops.Attention(x[0], 2, scale: 1.3f), Normal([1, 4, 12]));

    [Theory]
    [InlineData(1, 5, 1, 3)]
    [InlineData(2, 3, 2, 2)]
    public void Gradient_of_the_probabilities(int batch, int tokens, int heads, int headDim) =>
        GradientCheck.Run(x => Ops.AttentionProbabilities(x[0], heads), Normal([batch, tokens, 3 * heads * headDim]));

    [Fact]
    public void Fused_attention_is_the_values_weighted_with_the_probabilities()
    {
        const int Batch = 2, Tokens = 5, Heads = 3, HeadDim = 4;
        Device device = Device.CreateReference();
        Tensor qkv = Normal([Batch, Tokens, 3 * Heads * HeadDim]).Create(device, 0);
        Tensor values = Ops.Slice(qkv, 2, 2 * Heads * HeadDim, Heads * HeadDim);
        values = Ops.Permute(values.Reshape(Batch, Tokens, Heads, HeadDim), 0, 2, 1, 3);
        Tensor mixed = Ops.MatMul(Ops.AttentionProbabilities(qkv, Heads), values);
        Tensor expected = Ops.Permute(mixed, 0, 2, 1, 3).Reshape(Batch, Tokens, Heads * HeadDim);
        GoldenAssert.Close(expected.Doubles(), Ops.Attention(qkv, Heads).Doubles(), 1e-14, 1e-13);
    }

    [Fact]
    public void A_single_token_attends_to_itself()
    {
        Tensor qkv = Tensor.From([1f, 2, 3, 4, 5, 6], [1, 1, 6], Device.Reference);
        Assert.Equal([5, 6], Ops.Attention(qkv, 1).ToArray());
    }
}
