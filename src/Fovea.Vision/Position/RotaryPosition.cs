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
public sealed class RotaryPosition : IRotation
{
    private const double Base = 100;

    private readonly int _headDim;
    private Remembered? _last;   // an object, so that threads see it whole or not at all

    /// <param name="headDim">Elements of a head's query; a multiple of 4.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public RotaryPosition(int headDim) => _headDim = Rotation.Require(headDim, "rope");

    /// <inheritdoc/>
    public (Tensor Cosines, Tensor Sines) Tables(TokenGrid grid, Device device)
    {
        (float[] cosines, float[] sines) = Tables(grid);
        Shape shape = [1, grid.Tokens, 1, _headDim / 2];
        return (Tensor.From(cosines, shape, device), Tensor.From(sines, shape, device));
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
