using System.Numerics;
using Fovea.Tensors;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Position;

public sealed class RotaryPositionTests
{
    /// <summary>DINOv3's definition with complex numbers: pair (j, j + headDim/2) turns by 2π · coordinate / period,
    /// periods 100^(2i / (headDim/2)), first by rows, then by columns.</summary>
    [Fact]
    public void Pairs_turn_by_row_and_column_and_the_prefix_does_not()
    {
        TokenGrid grid = new(2, 3, 4);
        const int HeadDim = 8, Heads = 2;
        Tensor x = TestTensors.Normal([2, grid.Tokens, Heads, HeadDim], Device.Reference, 1);
        float[] given = x.ToArray(), expected = [.. given];
        for (int row = 0; row < given.Length / HeadDim; row++)
        {
            int patch = row / Heads % grid.Tokens - grid.Prefix;
            if (patch < 0) continue;
            double[] coordinates = [2 * (patch / 4 + 0.5) / 3 - 1, 2 * (patch % 4 + 0.5) / 4 - 1];
            for (int j = 0; j < HeadDim / 2; j++)
            {
                double period = Math.Pow(100, 2.0 * (j % 2) / 4);
                int at = row * HeadDim + j;
                Complex turned = new Complex(given[at], given[at + 4])
                    * Complex.FromPolarCoordinates(1, 2 * Math.PI * coordinates[j / 2] / period);
                (expected[at], expected[at + 4]) = ((float)turned.Real, (float)turned.Imaginary);
            }
        }

        GoldenAssert.Close(expected, new RotaryPosition(HeadDim).Rotate(x, grid).ToArray(), 1e-6, 1e-6);
    }

    [Fact]
    public void Products_depend_on_offsets_alone()
    {
        TokenGrid grid = new(0, 5, 6);
        RotaryPosition rotary = new(12);
        float[] q = Rotated(1), k = Rotated(2);

        Assert.Equal(Product(0, 9), Product(7, 16), 1e-4);    // one row down, three columns to the right
        Assert.Equal(Product(14, 2), Product(27, 15), 1e-4);  // two rows up
        Assert.True(Math.Abs(Product(0, 9) - Product(0, 10)) > 1e-2);

        float[] Rotated(ulong seed) => rotary.Rotate(
            Ops.Expand(TestTensors.Normal([1, 1, 1, 12], Device.Reference, seed), 1, grid.Tokens, 1, 12), grid)
            .ToArray();

        double Product(int i, int j) => Enumerable.Range(0, 12).Sum(d => (double)q[i * 12 + d] * k[j * 12 + d]);
    }

    [Fact]
    public void Heads_of_another_size_are_refused() =>
        Assert.Contains("a multiple of 4 elements, got 6",
            Assert.Throws<UsageException>(() => new RotaryPosition(6)).Message);
}
