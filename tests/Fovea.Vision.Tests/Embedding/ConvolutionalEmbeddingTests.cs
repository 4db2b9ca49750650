using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Tests;
using Fovea.Vision.Embedding;

namespace Fovea.Vision.Tests.Embedding;

public sealed class ConvolutionalEmbeddingTests
{
    [Theory]
    [InlineData(1, 6, 5)]
    [InlineData(2, 6, 10)]
    [InlineData(4, 8, 12)]
    [InlineData(8, 16, 8)]
    public void Tokens_lie_a_patch_apart(int patchSize, int height, int width)
    {
        using StepScope scope = StepScope.Begin();
        ConvolutionalEmbedding embedding = new(3, patchSize, 16);
        embedding.Initialize(Device.Cpu, 1);

        Tensor tokens = embedding.Forward(TestTensors.Normal([2, 3, height, width], Device.Cpu));

        Assert.Equal(new TokenGrid(0, height / patchSize, width / patchSize), embedding.Grid(height, width));
        Assert.Equal([2, embedding.Grid(height, width).Patches, 16], tokens.Shape);
        Assert.True(tokens.ToArray().Min() >= 0);
    }

    [Fact]
    public void A_token_sees_the_pixels_around_its_own()
    {
        using StepScope scope = StepScope.Begin();
        ConvolutionalEmbedding embedding = new(1, 1, 8);
        embedding.Initialize(Device.Cpu, 1);
        float[] pixels = new float[9 * 9];
        float[] before = embedding.Forward(Tensor.From(pixels, [1, 1, 9, 9], Device.Cpu)).ToArray();
        pixels[4 * 9 + 4] = 1;
        float[] after = embedding.Forward(Tensor.From(pixels, [1, 1, 9, 9], Device.Cpu)).ToArray();

        for (int token = 0; token < 81; token++)
        {
            bool near = Math.Abs(token / 9 - 4) <= 3 && Math.Abs(token % 9 - 4) <= 3;
            bool same = before.AsSpan(token * 8, 8).SequenceEqual(after.AsSpan(token * 8, 8));
            Assert.True(near || same);
        }
    }

    [Theory]
    [InlineData(3, 16)]
    [InlineData(16, 16)]
    [InlineData(1, 6)]
    public void Other_patch_sizes_and_dims_are_refused(int patchSize, int dim) =>
        Assert.Throws<ConfigurationException>(() => new ConvolutionalEmbedding(3, patchSize, dim));

    [Fact]
    public void A_size_that_does_not_divide_is_refused()
    {
        ConvolutionalEmbedding embedding = new(3, 2, 8);
        embedding.Initialize(Device.Cpu, 1);
        Assert.Throws<ShapeException>(() => embedding.Forward(TestTensors.Normal([1, 3, 5, 4], Device.Cpu)));
    }
}
