using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Position;

/// <summary>A learned vector per token, prefix included: parameter <c>pos_embed [1, token, dim]</c> (Dosovitskiy et al. 2021, eq. 1).</summary>
public sealed class LearnedPosition : Module, IPositionEmbedding
{
    private readonly TokenGrid _grid;

    /// <param name="grid">How the tokens lie over the image.</param>
    /// <param name="dim">Elements of a token.</param>
    public LearnedPosition(TokenGrid grid, int dim)
    {
        _grid = grid;
        Table = Register(new Parameter("pos_embed", [1, grid.Tokens, dim], Init.TruncatedNormal(0.02), decay: false));
    }

    /// <summary><c>[1, token, dim]</c>.</summary>
    public Parameter Table { get; }

    /// <inheritdoc/>
    public Tensor Forward(Tensor tokens, TokenGrid grid) => grid == _grid
        ? Ops.Add(tokens, Table)
        : throw new ShapeException($"LearnedPosition: learned for {_grid.Rows}x{_grid.Columns} patches, got {grid.Rows}x{grid.Columns}.");
}
