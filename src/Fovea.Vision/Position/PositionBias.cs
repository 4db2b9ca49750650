using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>Addend of attention's scores that depends on the offset of query and key alone.</summary>
/// <param name="Relation">In which bucket each pair of tokens falls.</param>
/// <param name="Values"><c>[head, bucket]</c>.</param>
public sealed record PositionBias(TokenRelation Relation, Tensor Values)
{
    /// <summary>The addend as attention's operators take it.</summary>
    public RelativeBias Relative => new(Head: Values);
}

/// <summary>A position kind that is a bias of attention's scores.</summary>
public interface IPositionBias
{
    /// <summary>The bias on a grid.</summary>
    PositionBias Of(TokenGrid grid, Device device);
}

/// <summary>Relations with a bucket for each offset of rows and columns.</summary>
internal static class OffsetRelation
{
    internal static TokenRelation Of(TokenGrid grid) => new(grid.Prefix, grid.Rows, grid.Columns, null,
        Each(grid.Rows), Each(grid.Columns));

    private static int[] Each(int size) => [.. Enumerable.Range(0, 2 * size - 1)];
}
