using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Position;

/// <summary>Fixed sines and cosines of column and row; prefix tokens get zeros.</summary>
/// <remarks><code>
/// position(row, column) = [sin(column · ω), cos(column · ω), sin(row · ω), cos(row · ω)]     ω_k = 10000^(−k / (dim/4)),  k = 0 .. dim/4−1
/// </code>
/// Source: He et al. 2022, "Masked autoencoders are scalable vision learners", arXiv:2111.06377, and its code's order of the parts.
/// </remarks>
public sealed class SinCosPosition : Module, IPositionEmbedding
{
    private const double Base = 10000;
    private readonly TokenGrid _grid;
    private readonly ModuleBuffer _table;

    /// <param name="grid">How the tokens lie over the image.</param>
    /// <param name="dim">Elements of a token; a multiple of 4.</param>
    /// <exception cref="ConfigurationException">The dim is not a multiple of 4.</exception>
    public SinCosPosition(TokenGrid grid, int dim)
    {
        Check.That(dim % 4 == 0, $"Dim: sine-cosine positions need a multiple of 4, got {dim}.");
        _grid = grid;
        _table = Register(new ModuleBuffer("pos_embed", [1, grid.Tokens, dim], (values, _, _) => Fill(values, grid, dim), persistent: false));
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor tokens, TokenGrid grid) => grid == _grid
        ? Ops.Add(tokens, _table)
        : throw new ShapeException($"SinCosPosition: built for {_grid.Rows}x{_grid.Columns} patches, got {grid.Rows}x{grid.Columns}.");

    private static void Fill(Span<float> values, TokenGrid grid, int dim)
    {
        values[..(grid.Prefix * dim)].Clear();
        for (int patch = 0; patch < grid.Patches; patch++)
        {
            (int row, int column) = (patch / grid.Columns, patch % grid.Columns);
            Span<float> position = values.Slice((grid.Prefix + patch) * dim, dim);
            for (int k = 0; k < dim / 4; k++)
            {
                double frequency = Math.Pow(Base, -k / (dim / 4.0));
                position[k] = (float)Math.Sin(column * frequency);
                position[dim / 4 + k] = (float)Math.Cos(column * frequency);
                position[dim / 2 + k] = (float)Math.Sin(row * frequency);
                position[dim / 4 * 3 + k] = (float)Math.Cos(row * frequency);
            }
        }
    }
}
