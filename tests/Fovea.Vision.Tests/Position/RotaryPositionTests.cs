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

        GoldenAssert.Close(expected, Turned(new RotaryPosition(HeadDim), x, grid), 1e-6, 1e-6);
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

        float[] Rotated(ulong seed) => Turned(rotary,
            Ops.Expand(TestTensors.Normal([1, 1, 1, 12], Device.Reference, seed), 1, grid.Tokens, 1, 12), grid);

        double Product(int i, int j) => Enumerable.Range(0, 12).Sum(d => (double)q[i * 12 + d] * k[j * 12 + d]);
    }

    [Fact]
    public void Heads_of_another_size_are_refused() =>
        Assert.Contains("a multiple of 4 elements, got 6",
            Assert.Throws<UsageException>(() => new RotaryPosition(6)).Message);

    /// <summary>The paper's definition (arXiv:2403.13298, eq. 7) with complex numbers: e^(i (fx column + fy row)).
    /// </summary>
    [Fact]
    public void Mixed_frequencies_turn_pairs_by_a_sum_of_row_and_column()
    {
        TokenGrid grid = new(1, 3, 4);
        const int HeadDim = 8, Heads = 2, Half = 4;
        MixedRotaryPosition rotary = Mixed(Heads, HeadDim);
        float[] f = TestTensors.Normal([2, Heads, Half], Device.Reference, 7).ToArray();
        rotary.Frequencies.Value.CopyFrom(f);
        Tensor x = TestTensors.Normal([2, grid.Tokens, Heads, HeadDim], Device.Reference, 1);
        float[] given = x.ToArray(), expected = [.. given];
        for (int row = 0; row < given.Length / HeadDim; row++)
        {
            int patch = row / Heads % grid.Tokens - 1, head = row % Heads;
            if (patch < 0) continue;
            for (int j = 0; j < Half; j++)
            {
                double angle = (double)f[head * Half + j] * (patch % 4) + (double)f[(Heads + head) * Half + j]
                    * (patch / 4);
                int at = row * HeadDim + j;
                Complex turned = new Complex(given[at], given[at + Half]) * Complex.FromPolarCoordinates(1, angle);
                (expected[at], expected[at + Half]) = ((float)turned.Real, (float)turned.Imaginary);
            }
        }

        GoldenAssert.Close(expected, Turned(rotary, x, grid), 1e-6, 1e-6);
    }

    /// <summary>As in the authors' code: each head has a direction of its own, and half of the pairs the one across.
    /// </summary>
    [Fact]
    public void Mixed_frequencies_begin_in_a_direction_of_each_head_and_across_it()
    {
        float[] f = Mixed(3, 16).Frequencies.Value.ToArray();
        double[] directions = new double[3];
        for (int head = 0; head < 3; head++)
        {
            directions[head] = Math.Atan2(f[24 + head * 8], f[head * 8]);
            for (int j = 0; j < 8; j++)
            {
                double size = Math.Pow(10, -4.0 * (j % 4) / 16), angle = directions[head] + (j < 4 ? 0 : Math.PI / 2);
                Assert.Equal(size * Math.Cos(angle), f[head * 8 + j], 1e-6);
                Assert.Equal(size * Math.Sin(angle), f[24 + head * 8 + j], 1e-6);
            }
        }

        Assert.Equal(3, directions.Distinct().Count());
        Assert.False(Mixed(3, 16).Frequencies.Decay);
        Assert.Contains("ropemixed rotates", Assert.Throws<UsageException>(() => Mixed(2, 6)).Message);
    }

    [Fact]
    public void Mixed_frequencies_receive_their_gradient()
    {
        TokenGrid grid = new(1, 2, 3);
        MixedRotaryPosition rotary = Mixed(2, 8);
        Tensor x = TestTensors.Normal([1, 7, 2, 8], Device.Reference, 1);
        float[] start = rotary.Frequencies.Value.ToArray(), cotangent = TestTensors.Normal([1, 7, 2, 8],
            Device.Reference, 2).ToArray();
        using (Tape tape = Tape.Record())
            tape.Backward(Queries(rotary, x, grid), Tensor.From(cotangent, [1, 7, 16], Device.Reference));
        float[] gradient = rotary.Frequencies.Value.Gradient!.ToArray();
        for (int i = 0; i < start.Length; i++)
            Assert.Equal((At(i, 1f / 256) - At(i, -1f / 256)) * 128, gradient[i], 2e-3);

        double At(int i, float step)
        {
            float[] moved = [.. start];
            moved[i] += step;
            rotary.Frequencies.Value.CopyFrom(moved);
            return Turned(rotary, x, grid).Zip(cotangent, (a, b) => (double)a * b).Sum();
        }
    }

    private static MixedRotaryPosition Mixed(int heads, int headDim)
    {
        MixedRotaryPosition rotary = new(heads, headDim);
        rotary.Initialize(Device.Reference, 1);
        return rotary;
    }

    private static float[] Turned(IRotation rotation, Tensor x, TokenGrid grid) =>
        Queries(rotation, x, grid).ToArray();

    private static Tensor Queries(IRotation rotation, Tensor x, TokenGrid grid)
    {
        (int heads, int width) = (x.Shape[2], x.Shape[2] * x.Shape[3]);
        Tensor one = x.Reshape(x.Shape[0], x.Shape[1], width);
        return Ops.Slice(Ops.PrepareHeads(Ops.Concat(2, one, one, one), heads, null, null,
            rotation.Tables(grid, Device.Reference)), 2, 0, width);
    }
}
