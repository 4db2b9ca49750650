using Fovea.Data.Loading;

namespace Fovea.Data.Tests.Loading;

public sealed class PixelNormalizerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(1023)]
    public void The_wide_path_agrees_with_the_definition_bit_for_bit(int length)
    {
        byte[] plane = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 37))];
        float[] actual = new float[length + 1], expected = new float[length];
        actual[length] = 7;
        PixelNormalizer.Convert(plane, actual.AsSpan(0, length), 0.4914f, 0.247f);
        PixelNormalizer.Scalar(plane, expected, (float)(1 / (255.0 * 0.247f)), (float)(-(double)0.4914f / 0.247f));
        Assert.Equal(expected, actual[..length]);
        Assert.Equal(7, actual[length]);
    }
}
