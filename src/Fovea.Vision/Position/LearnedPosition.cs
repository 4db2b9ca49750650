using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// A learned vector per token: parameter <c>pos_embed [1, token, dim]</c> (Dosovitskiy et al. 2021, eq. 1). Images of
/// another size get the vectors resampled (<see cref="PositionResampling"/>).
/// </summary>
public sealed class LearnedPosition : Module, IPositionEmbedding
{
    private readonly TokenGrid _grid;

    /// <param name="grid">Arrangement of the tokens over the image; a prefix has vectors of its own.</param>
    /// <param name="dim">Elements of a token.</param>
    /// <param name="std">Standard deviation of the first values, normal and cut off at ±2.</param>
    public LearnedPosition(TokenGrid grid, int dim, double std = 0.02)
    {
        _grid = grid;
        Table = Register(new Parameter("pos_embed", [1, grid.Tokens, dim], Init.TruncatedNormal(std), decay: false));
    }

    /// <summary><c>[1, token, dim]</c>.</summary>
    public Parameter Table { get; }

    /// <inheritdoc/>
    public Tensor At(TokenGrid grid) => PositionResampling.Fit(Table, _grid, grid);

    /// <summary>Vectors learned on another square grid, resampled to this one; others as they are.</summary>
    internal Tensor AdaptWeight(Tensor table) =>
        table.Shape.Rank == 3 && table.Shape != Table.Shape && table.Shape.With(1, _grid.Tokens) == Table.Shape
            && PositionResampling.SquareGrid(table.Shape[1], _grid.Prefix) is { } from
            ? PositionResampling.Resample(table, from, _grid)
            : table;
}
