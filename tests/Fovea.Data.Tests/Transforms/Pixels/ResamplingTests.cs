using Fovea.Data.Transforms.Pixels;
using Resampling = Fovea.Data.Transforms.Pixels.Resampling;

namespace Fovea.Data.Tests.Transforms.Pixels;

/// <summary>Vectors give what the definitions give, whatever is left over at the edges.</summary>
public sealed class ResamplingTests
{
    private static readonly int[] Sizes = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 40, 224];

    [Theory]
    [InlineData(Interpolation.Bilinear)]
    [InlineData(Interpolation.Bicubic)]
    [InlineData(Interpolation.Box)]
    [InlineData(Interpolation.Lanczos)]
    public void Rows_and_columns_agree_with_the_definitions(Interpolation interpolation)
    {
        ulong[] words = [];
        ResampleWeights weights = new();
        foreach (int from in Sizes)
        {
            foreach (int to in Sizes)
            {
                weights.Prepare(from, to, interpolation);
                foreach (int others in (int[])[1, 5, 8, 11, 16, 21])
                {
                    byte[] source = Noise(others * from), expected = new byte[others * to],
                        actual = new byte[others * to];
                    for (int y = 0; y < others; y++)
                        Resampling.Row(source.AsSpan(y * from, from), expected.AsSpan(y * to, to), weights);
                    Resampling.Rows(source, from, actual, to, weights, ref words);
                    Assert.Equal(expected, actual);

                    for (int y = 0; y < to; y++)
                    {
                        ReadOnlySpan<int> factors = weights.Of(y, out int start);
                        Resampling.Column(source.AsSpan(start * others, factors.Length * others),
                            expected.AsSpan(y * others, others), factors);
                    }

                    Resampling.Columns(source, actual, others, weights);
                    Assert.Equal(expected, actual);
                }
            }
        }
    }

    /// <summary>Extremes often, so that sums are clipped at both ends.</summary>
    private static byte[] Noise(int length)
    {
        Philox draws = Philox.For(5, "noise");
        return [.. Enumerable.Range(0, length).Select(i => (byte)Math.Clamp(draws.Below((ulong)i, 600) - 150, 0, 255))];
    }
}
