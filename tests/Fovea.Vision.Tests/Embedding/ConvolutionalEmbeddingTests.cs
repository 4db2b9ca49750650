using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Embedding;
using Fovea.Vision.Tokens;

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
    [InlineData(2, 6, 10)]
    [InlineData(4, 8, 12)]
    [InlineData(16, 32, 16)]
    public void Pooled_tokens_lie_a_patch_apart_and_are_the_published_steps_one_by_one(int patchSize, int height,
        int width)
    {
        using StepScope scope = StepScope.Begin();
        ConvolutionalEmbedding embedding = new(3, patchSize, 7, pools: true);
        embedding.Initialize(Device.Reference, 1);
        Tensor images = TestTensors.Normal([2, 3, height, width], Device.Reference);

        Tensor x = images;
        foreach ((_, Parameter weight) in embedding.NamedParameters())
            x = Ops.MaxPool(Ops.Relu(Ops.Conv2d(x, weight, padding: 1)), 3, 2, 1);
        Tensor tokens = embedding.Forward(images);

        Assert.Equal([2, embedding.Grid(height, width).Patches, 7], tokens.Shape);
        Assert.Equal(Ops.Permute(x.Reshape(2, 7, -1), 0, 2, 1).ToArray(), tokens.ToArray());
        Assert.All(embedding.NamedParameters().Skip(1), entry => Assert.Equal(64, entry.Parameter.Shape[1]));
    }

    /// <summary>Convolutions by hand: full size before a pooling, half of it behind a stride.</summary>
    [Fact]
    public void Products_are_counted_where_they_happen()
    {
        Assert.Equal(32 * 32 * 3 * 64 * 9 + 16 * 16 * 64 * 128 * 9,
            new ConvolutionalEmbedding(3, 4, 128, pools: true).Macs(32, 32));
        Assert.Equal(16 * 16 * 3 * 32 * 9 + 8 * 8 * 32 * 64 * 9 + 8 * 8 * 64 * 128 * 9,
            new ConvolutionalEmbedding(3, 4, 128).Macs(32, 32));
    }

    [Theory]
    [InlineData(3, 16)]
    [InlineData(16, 16)]
    [InlineData(1, 6)]
    public void Other_patch_sizes_and_dims_are_refused(int patchSize, int dim) =>
        Assert.Throws<UsageException>(() => new ConvolutionalEmbedding(3, patchSize, dim));

    [Fact]
    public void A_size_that_does_not_divide_is_refused()
    {
        ConvolutionalEmbedding embedding = new(3, 2, 8);
        embedding.Initialize(Device.Cpu, 1);
        Assert.Throws<ShapeException>(() => embedding.Forward(TestTensors.Normal([1, 3, 5, 4], Device.Cpu)));
    }
}
