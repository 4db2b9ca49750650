using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// Rotary positions of a grid with mixed, learned frequencies: the angle of a pair is a learned sum of row and column,
/// so that diagonal directions count too; parameter <c>rope_freqs [2, head, headDim / 2]</c>, those of the column
/// first.
/// </summary>
/// <remarks><code>
/// θ_j = fx_j · column + fy_j · row                                      row and column from 0
/// (a_j, a_(j + headDim/2)) ← (a_j cos θ_j − a_(j + headDim/2) sin θ_j, a_(j + headDim/2) cos θ_j + a_j sin θ_j)
/// at first, i &lt; headDim/4, φ uniform in 0 to 2π per head:
/// (fx, fy)_i = 10^(−4i/headDim) (cos φ, sin φ),  (fx, fy)_(i + headDim/4) = 10^(−4i/headDim) (−sin φ, cos φ)
/// </code>
/// Tokens before the patches are not rotated. An image of another size goes on counting rows and columns. Source: Heo
/// et al. 2024, "Rotary Position Embedding for Vision Transformer", arXiv:2403.13298, eq. 7 (RoPE-Mixed), and its code
/// for the first values; there pairs are neighbours (2j, 2j + 1), which is the same model with other numbers of
/// elements.
/// </remarks>
public sealed class MixedRotaryPosition : Module, IRotation
{
    private const double Base = 10;

    /// <param name="heads">Heads.</param>
    /// <param name="headDim">Elements of a head's query; a multiple of 4.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public MixedRotaryPosition(int heads, int headDim) =>
        Frequencies = Register(new Parameter("rope_freqs",
            [2, heads, Rotation.Require(headDim, "ropemixed") / 2], First, decay: false));

    /// <summary>Radians from one column to the next, and from one row to the next, <c>[2, head, headDim /
    /// 2]</c>.</summary>
    public Parameter Frequencies { get; }

    /// <inheritdoc/>
    public (Tensor Cosines, Tensor Sines) Tables(TokenGrid grid, Device device)
    {
        int heads = Frequencies.Shape[1], half = Frequencies.Shape[2];
        Tensor angles = Ops.Add(Of(0, patch => patch % grid.Columns), Of(1, patch => patch / grid.Columns));
        return (Ops.Apply(UnaryOperator.Cos, angles), Ops.Apply(UnaryOperator.Sin, angles));

        Tensor Of(int axis, Func<int, int> coordinate)
        {
            float[] steps = new float[grid.Tokens];   // 0 before the patches: not rotated
            for (int patch = 0; patch < grid.Patches; patch++) steps[grid.Prefix + patch] = coordinate(patch);
            return Ops.Multiply(Tensor.From(steps, [1, grid.Tokens, 1, 1], device),
                Ops.Slice(Frequencies, 0, axis, 1).Reshape(1, 1, heads, half));
        }
    }

    private static void First(float[] values, Shape shape, Philox random)
    {
        (int heads, int half) = (shape[1], shape[2]);
        for (int head = 0; head < heads; head++)
        {
            double phi = 2 * Math.PI * random.Uniform((ulong)head);
            for (int j = 0; j < half; j++)
            {
                double size = Math.Pow(Base, -2.0 * (j % (half / 2)) / half);
                double angle = j < half / 2 ? phi : phi + Math.PI / 2;
                values[head * half + j] = (float)(size * Math.Cos(angle));
                values[(heads + head) * half + j] = (float)(size * Math.Sin(angle));
            }
        }
    }
}
