using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// Rotary positions of a grid, axial: pairs of a query's (and key's) elements are rotated, half of them by an angle
/// that grows with the row, half with the column, so that their products depend on offsets alone.
/// </summary>
/// <remarks><code>
/// y = 2 (row + ½) / rows − 1,  x = 2 (column + ½) / columns − 1       patch centres, −1 to 1
/// θ_i = 2π y / 100^(4i/headDim),  θ_(i + headDim/4) = 2π x / 100^(4i/headDim)       i &lt; headDim/4
/// (a_j, a_(j + headDim/2)) ← (a_j cos θ_j − a_(j + headDim/2) sin θ_j, a_(j + headDim/2) cos θ_j + a_j sin θ_j)
/// </code>
/// Tokens before the patches are not rotated. Images of another size have the same image corners at ±1. Source: Su et
/// al. 2021, "RoFormer", arXiv:2104.09864, in the form of DINOv3 (Siméoni et al. 2025, arXiv:2508.10104, section 3.2,
/// and its code), without its random shifts of coordinates while training.
/// </remarks>
public sealed class RotaryPosition
{
    private const double Base = 100;

    private readonly int _headDim;
    private Remembered? _last;   // an object, so that threads see it whole or not at all

    /// <param name="headDim">Elements of a head's query; a multiple of 4.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public RotaryPosition(int headDim)
    {
        if (headDim % 4 != 0)
            throw new UsageException(
                $"rope rotates pairs of elements by row and by column, so heads need a multiple of 4 elements, got "
                    + $"{headDim}; choose `dim`, `heads` or `head-dim` accordingly.")
            { Field = "position" };
        _headDim = headDim;
    }

    /// <summary>Rotated queries or keys.</summary>
    /// <param name="vectors"><c>[batch, token, head, headDim]</c>.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <returns>The same shape.</returns>
    public Tensor Rotate(Tensor vectors, TokenGrid grid)
    {
        int half = _headDim / 2;
        (float[] cosines, float[] sines) = Tables(grid);
        Tensor cos = Tensor.From(cosines, [1, grid.Tokens, 1, half], vectors.Device),
            sin = Tensor.From(sines, [1, grid.Tokens, 1, half], vectors.Device);
        Tensor first = Ops.Slice(vectors, 3, 0, half), second = Ops.Slice(vectors, 3, half, half);
        return Ops.Concat(3,
            Ops.Subtract(Ops.Multiply(first, cos), Ops.Multiply(second, sin)),
            Ops.Add(Ops.Multiply(second, cos), Ops.Multiply(first, sin)));
    }

    /// <summary>The angle of each pair of a token's elements, <c>[token, headDim / 2]</c>; 0 for those before the
    /// patches.</summary>
    internal double[] Angles(TokenGrid grid)
    {
        int half = _headDim / 2, quarter = _headDim / 4;
        double[] angles = new double[grid.Tokens * half];
        for (int patch = 0; patch < grid.Patches; patch++)
        {
            double y = 2 * (patch / grid.Columns + 0.5) / grid.Rows - 1;
            double x = 2 * (patch % grid.Columns + 0.5) / grid.Columns - 1;
            Span<double> token = angles.AsSpan((grid.Prefix + patch) * half, half);
            for (int i = 0; i < quarter; i++)
            {
                double frequency = 2 * Math.PI / Math.Pow(Base, 4.0 * i / _headDim);
                (token[i], token[i + quarter]) = (y * frequency, x * frequency);
            }
        }

        return angles;
    }

    private (float[] Cosines, float[] Sines) Tables(TokenGrid grid)
    {
        if (_last is { } last && last.Grid == grid) return (last.Cosines, last.Sines);
        double[] angles = Angles(grid);
        Remembered made = new(grid, [.. angles.Select(angle => (float)Math.Cos(angle))],
            [.. angles.Select(angle => (float)Math.Sin(angle))]);
        _last = made;
        return (made.Cosines, made.Sines);
    }

    private sealed record Remembered(TokenGrid Grid, float[] Cosines, float[] Sines);
}
