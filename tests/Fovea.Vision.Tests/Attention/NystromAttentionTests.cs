using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

public sealed class NystromAttentionTests
{
    private const int Heads = 2, HeadDim = 6;

    /// <summary>arXiv:2102.03902, eq. 11, 13 and 14 and figure 2, as they stand there; 13 tokens in 4 segments are 3,
    /// 3, 3 and 4.</summary>
    [Theory]
    [InlineData(4, 6, 5)]
    [InlineData(13, 6, 3)]
    [InlineData(64, 6, 33)]
    [InlineData(1, 6, 1)]
    [InlineData(6, 2, 0)]
    public void Is_the_papers_formula(int landmarks, int iterations, int kernel)
    {
        TokenGrid grid = new(1, 3, 4);
        NystromAttention attention = Create(grid, landmarks, iterations, kernel);
        AttentionInput input = Input(grid);
        Matrix? convolution = kernel == 0 ? null
            : Matrix.From(attention.NamedParameters().Single().Parameter.Value.Reshape(Heads, kernel));
        float[] expected = Matrix.Merge(2, Heads, (sample, head) =>
        {
            Matrix q = Matrix.Head(input.Projected, sample, 0, head, Heads),
                k = Matrix.Head(input.Projected, sample, 1, head, Heads),
                v = Matrix.Head(input.Projected, sample, 2, head, Heads);
            Matrix mixed = Mixed(q, k, v, landmarks, iterations);
            return convolution is null ? mixed : mixed + new Matrix(grid.Tokens, HeadDim, (i, j) =>
                Enumerable.Range(0, kernel)
                    .Where(tap => i + tap - kernel / 2 >= 0 && i + tap - kernel / 2 < grid.Tokens)
                    .Sum(tap => convolution[head, tap] * v[i + tap - kernel / 2, j]));
        });

        GoldenAssert.Close(expected, attention.Finish(input, attention.Forward(input)).ToArray(), 1e-6, 1e-6);
    }

    /// <summary>The pseudo-inverse is nearly one: with many iterations and as many landmarks as there are different
    /// queries and keys, nothing is lost.</summary>
    [Fact]
    public void With_keys_and_queries_that_are_equal_within_segments_it_is_softmax_attention()
    {
        TokenGrid grid = new(0, 3, 4);
        AttentionInput input = Input(grid);
        float[] drawn = input.Projected.ToArray(), packed = [.. drawn];
        for (int token = 0; token < 24; token++)
            for (int i = 0; i < 2 * Heads * HeadDim; i++)
                packed[token * 36 + i] = 2 * drawn[token / 3 * 3 * 36 + i];
        input = input with { Projected = Tensor.From(packed, input.Projected.Shape, Device.Reference) };

        GoldenAssert.Close(new SoftmaxAttention(Context(grid)).Forward(input).ToArray(),
            Create(grid, 4, 30, 0).Forward(input).ToArray(), 1e-5, 1e-5);
    }

    [Fact]
    public void Cost_is_linear_in_the_tokens()
    {
        IAttention attention = AttentionCatalogue.Create("nystrom",
            new() { Dim = 128, Heads = 4, HeadDim = 32, Grid = new(0, 64, 64) });
        double exponent = Math.Log(attention.Macs(new(0, 128, 128)) / attention.Macs(new(0, 64, 64)), 4);
        Assert.InRange(exponent, 0.85, 1.15);
    }

    [Theory]
    [InlineData("nystrom:0", "nystrom: landmarks must be 1 to 1024, got 0.")]
    [InlineData("nystrom:kernel=4", "nystrom: kernel must be odd, so that it has a centre, or 0 for none, got 4.")]
    public void Options_out_of_range_are_refused(string spec, string message) => Assert.Equal(message,
        Assert.Throws<UsageException>(() => AttentionCatalogue.Create(spec, Context(new(1, 3, 4)))).Message);

    private static Matrix Mixed(Matrix q, Matrix k, Matrix v, int landmarks, int iterations)
    {
        double scale = 1 / Math.Sqrt(HeadDim);
        if (q.Rows <= landmarks) return (scale * (q * k.Transposed)).Softmax() * v;
        Matrix meanQ = Means(q), meanK = Means(k);
        Matrix f = (scale * (q * meanK.Transposed)).Softmax(), a = (scale * (meanQ * meanK.Transposed)).Softmax(),
            b = (scale * (meanQ * k.Transposed)).Softmax(), eye = Matrix.Identity(landmarks);
        double columns = Enumerable.Range(0, landmarks).Max(i => a.Transposed.RowSum(i)),
            rows = Enumerable.Range(0, landmarks).Max(a.RowSum);
        Matrix z = 1 / (columns * rows) * a.Transposed;
        for (int i = 0; i < iterations; i++)
            z = 0.25 * (z * (13 * eye - a * z * (15 * eye - a * z * (7 * eye - a * z))));
        return f * z * (b * v);

        Matrix Means(Matrix x) => new(landmarks, x.Columns, (segment, j) =>
        {
            int size = x.Rows / landmarks, shorter = landmarks - x.Rows % landmarks,
                start = segment * size + Math.Max(0, segment - shorter),
                end = start + size + (segment < shorter ? 0 : 1);
            return Enumerable.Range(start, end - start).Average(i => x[i, j]);
        });
    }

    private static AttentionContext Context(TokenGrid grid) =>
        new() { Dim = Heads * HeadDim, Heads = Heads, HeadDim = HeadDim, Grid = grid };

    private static NystromAttention Create(TokenGrid grid, int landmarks, int iterations, int kernel)
    {
        NystromAttention attention = new(Context(grid), landmarks, iterations, kernel);
        attention.Initialize(Device.Reference, 1);
        return attention;
    }

    private static AttentionInput Input(TokenGrid grid) => new(
        TestTensors.Normal([2, grid.Tokens, 3 * Heads * HeadDim], Device.Reference, 2), grid,
        new Linear(Heads * HeadDim, 3 * Heads * HeadDim));
}
