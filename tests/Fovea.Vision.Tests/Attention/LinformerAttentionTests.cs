using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class LinformerAttentionTests
{
    private const int Heads = 2, HeadDim = 6;

    /// <summary>arXiv:2006.04768, eq. 7, as it stands there.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Is_the_papers_formula(bool shared)
    {
        TokenGrid grid = new(2, 3, 4);
        LinformerAttention attention = Create(grid, 5, shared);
        AttentionInput input = Input(grid);
        Matrix[] projections = [.. attention.NamedParameters().Select(entry => Matrix.From(entry.Parameter.Value))];
        Assert.Equal(shared ? 1 : 2, projections.Length);
        float[] expected = Matrix.Merge(2, Heads, (sample, head) =>
        {
            Matrix q = Matrix.Head(input.Projected, sample, 0, head, Heads),
                k = Matrix.Head(input.Projected, sample, 1, head, Heads),
                v = Matrix.Head(input.Projected, sample, 2, head, Heads);
            return (1 / Math.Sqrt(HeadDim) * (q * (projections[0] * k).Transposed)).Softmax() * (projections[^1] * v);
        });

        GoldenAssert.Close(expected, attention.Forward(input).ToArray(), 1e-6, 1e-6);
    }

    /// <summary>Twice as many rows of the same patches: the same mixtures.</summary>
    [Fact]
    public void On_a_larger_grid_of_equal_patches_mixtures_stay()
    {
        TokenGrid grid = new(1, 2, 2), larger = new(1, 4, 6);
        LinformerAttention attention = Create(grid, 3, false);
        float[] token = TestTensors.Normal([1, 2, 3 * Heads * HeadDim], Device.Reference, 4).ToArray();
        float[] small = attention.Forward(Of(grid)).ToArray(), large = attention.Forward(Of(larger)).ToArray();

        GoldenAssert.Close(small.AsSpan(0, 2 * Heads * HeadDim), large.AsSpan(0, 2 * Heads * HeadDim), 1e-6, 1e-6);

        AttentionInput Of(TokenGrid of)
        {
            float[] first = token[..(token.Length / 2)], patch = token[(token.Length / 2)..];
            float[] all = [.. first, .. Enumerable.Repeat(patch, of.Patches).SelectMany(values => values)];
            return Input(of) with { Projected = Tensor.From(all, [1, of.Tokens, patch.Length], Device.Reference) };
        }
    }

    [Fact]
    public void Weights_of_another_image_size_are_resampled_as_in_the_forward_pass()
    {
        VisionTransformerConfig config = new()
        {
            ImageSize = 16,
            PatchSize = 4,
            Dim = 12,
            Depth = 1,
            Heads = 2,
            Classes = 3,
            Attention = "linformer:3",
        };
        VisionTransformer small = config.Build(), large = (config with { ImageSize = 24 }).Build();
        small.Initialize(Device.Reference, 1);
        large.Initialize(Device.Reference, 2);
        large.Load(small.NamedParameters().ToDictionary(entry => entry.Name,
            entry => large.AdaptWeight(entry.Name, entry.Parameter.Value)));
        Tensor images = TestTensors.Normal([2, 3, 24, 24], Device.Reference, 3);

        GoldenAssert.Close(small.Forward(images).ToArray(), large.Forward(images).ToArray(), 1e-5, 1e-5);
    }

    [Fact]
    public void Cost_is_linear_in_the_tokens()
    {
        IAttention attention = AttentionCatalogue.Create("linformer", Context(new(0, 128, 128)));
        double exponent = Math.Log(attention.Macs(new(0, 128, 128)) / attention.Macs(new(0, 32, 32)), 16);
        Assert.InRange(exponent, 0.9, 1.15);
    }

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Heads * HeadDim, Heads = Heads, HeadDim = HeadDim, Grid = grid };

    private static LinformerAttention Create(TokenGrid grid, int rank, bool shared)
    {
        LinformerAttention attention = new(Context(grid), rank, shared);
        attention.Initialize(Device.Reference, 1);
        return attention;
    }

    private static AttentionInput Input(TokenGrid grid) => new(
        TestTensors.Normal([2, grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2), grid,
        new Linear(Heads * HeadDim, 3 * Heads * HeadDim));
}
