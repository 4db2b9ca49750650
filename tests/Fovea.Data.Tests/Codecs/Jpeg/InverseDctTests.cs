using Fovea.Data.Codecs.Jpeg;

namespace Fovea.Data.Tests.Codecs.Jpeg;

public sealed class InverseDctTests
{
    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    [InlineData(2)]
    [InlineData(1)]
    public void Samples_are_those_of_the_definition(int size)
    {
        InverseDct transform = new();
        Random random = new(size);
        for (int round = 0; round < 500; round++)
        {
            short[] block = new short[64];
            int[] quantization = [.. Enumerable.Range(0, 64).Select(_ => random.Next(1, 30))];
            int last = round % 64;
            for (int k = 0; k <= last; k++) block[ZigZag.Order[k]] = (short)random.Next(-300 / (k + 2), 300 / (k + 2));

            const int stride = 11;
            byte[] target = new byte[8 * stride];
            transform.Transform(block, quantization, last, target, stride, size);
            double[,] exact = Exact(block, quantization);
            for (int y = 0; y < size; y++)
                for (int x = 0; x < size; x++)
                    Assert.InRange(target[y * stride + x] - Math.Clamp(Mean(exact, x, y, 8 / size), 0, 255), -0.75,
                        0.75);
            Assert.All(Enumerable.Range(0, target.Length).Where(i => i % stride >= size || i / stride >= size),
                i => Assert.Equal(0, target[i]));
        }
    }

    [Fact]
    public void Hostile_coefficients_stay_bytes() =>
        new InverseDct().Transform([.. Enumerable.Repeat(short.MinValue, 64)], [.. Enumerable.Repeat(65535, 64)], 63,
            new byte[64], 8, 8);

    private static double[,] Exact(short[] block, int[] quantization)
    {
        double[,] samples = new double[8, 8];
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                for (int v = 0; v < 8; v++)
                    for (int u = 0; u < 8; u++)
                        samples[y, x] += block[8 * v + u] * quantization[8 * v + u] * Basis(v, y) * Basis(u, x);
        return samples;
    }

    private static double Basis(int k, int x) =>
        (k == 0 ? Math.Sqrt(0.5) : 1) * Math.Cos((2 * x + 1) * k * Math.PI / 16) / 2;

    private static double Mean(double[,] samples, int x, int y, int factor)
    {
        double sum = 0;
        for (int row = y * factor; row < (y + 1) * factor; row++)
            for (int column = x * factor; column < (x + 1) * factor; column++) sum += samples[row, column];
        return sum / (factor * factor) + 128;
    }
}
