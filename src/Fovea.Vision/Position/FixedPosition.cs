using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// Sines and cosines that nothing trains; prefix tokens get zeros. Images of another size get them resampled as learned
/// positions are, so that a model meets no position beyond those that it was trained with.
/// </summary>
public sealed class FixedPosition : Module, IPositionEmbedding
{
    private const double Base = 10000;
    private readonly TokenGrid _grid, _madeFor;
    private readonly ModuleBuffer _table;
    private readonly Func<float[]> _made;

    private FixedPosition(TokenGrid grid, int dim, int? madeFor, Action<Span<float>, int, TokenGrid> fill)
    {
        (_grid, _madeFor) = (grid, madeFor is int side ? new(grid.Prefix, side, side) : grid);
        _made = () =>
        {
            float[] values = new float[_madeFor.Tokens * dim];
            for (int patch = 0; patch < _madeFor.Patches; patch++)
                fill(values.AsSpan((_madeFor.Prefix + patch) * dim, dim), patch, _madeFor);
            return values;
        };
        _table = Register(new ModuleBuffer("pos_embed", [1, grid.Tokens, dim], (values, _, _) =>
        {
            using StepScope scope = StepScope.Begin();
            PositionResampling.Fit(Tensor.From(_made(), [1, _madeFor.Tokens, dim], Device.Cpu), _madeFor, _grid)
                .ToArray().CopyTo(values, 0);
        }, persistent: false));
    }

    /// <summary>Positions by column and row.</summary>
    /// <remarks><code>
    /// position(row, column) = [sin(column · ω), cos(column · ω), sin(row · ω), cos(row · ω)]
    /// ω_k = 10000^(−k / (dim/4)),  k = 0 .. dim/4−1
    /// </code>
    /// Source: He et al. 2022, "Masked autoencoders are scalable vision learners", arXiv:2111.06377, and its code's
    /// order of the parts.
    /// </remarks>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="dim">Elements of a token; a multiple of 4.</param>
    /// <param name="madeFor">Rows and columns that they are computed for and resampled from; null: those of
    /// <paramref name="grid"/>.</param>
    /// <exception cref="UsageException">The dim is not a multiple of 4.</exception>
    public static FixedPosition Grid(TokenGrid grid, int dim, int? madeFor = null)
    {
        Check.That(dim % 4 == 0, $"Dim: sine-cosine positions need a multiple of 4, got {dim}.");
        int quarter = dim / 4;
        return new(grid, dim, madeFor, (position, patch, made) =>
        {
            (int row, int column) = Math.DivRem(patch, made.Columns);
            for (int k = 0; k < quarter; k++)
            {
                double frequency = Math.Pow(Base, -k / (double)quarter);
                (position[k], position[quarter + k]) = SinCos(column * frequency);
                (position[2 * quarter + k], position[3 * quarter + k]) = SinCos(row * frequency);
            }
        });
    }

    /// <summary>Positions by index in the sequence, sines and cosines in turns.</summary>
    /// <remarks><code>
    /// position(i) = [sin(i · ω_0), cos(i · ω_0), sin(i · ω_1), cos(i · ω_1), ...]     ω_k = 10000^(−2k / dim)
    /// </code>
    /// Source: Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762, section 3.5.
    /// </remarks>
    /// <param name="grid">Arrangement of the tokens over the image; the sequence is its rows, one after
    /// another.</param>
    /// <param name="dim">Elements of a token; even.</param>
    /// <param name="madeFor">Rows and columns that they are computed for and resampled from; null: those of
    /// <paramref name="grid"/>.</param>
    /// <exception cref="UsageException">The dim is odd.</exception>
    public static FixedPosition Sequence(TokenGrid grid, int dim, int? madeFor = null)
    {
        Check.That(dim % 2 == 0, $"Dim: sine-cosine positions of a sequence need an even number, got {dim}.");
        return new(grid, dim, madeFor, (position, patch, _) =>
        {
            for (int k = 0; k < dim; k += 2)
                (position[k], position[k + 1]) = SinCos(patch * Math.Pow(Base, -k / (double)dim));
        });
    }

    /// <inheritdoc/>
    public Tensor At(TokenGrid grid) => grid == _grid || _madeFor == _grid
        ? PositionResampling.Fit(_table.Value, _grid, grid)
        : PositionResampling.Fit(Tensor.From(_made(), _table.Shape.With(1, _madeFor.Tokens), _table.Value.Device),
            _madeFor, grid);

    private static (float Sine, float Cosine) SinCos(double angle) => ((float)Math.Sin(angle), (float)Math.Cos(angle));
}
