using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>
/// Relative position bias: a learned number per head and offset of rows and columns is added to the scores; parameter
/// <c>relative_position_bias_table [offset, head]</c>.
/// </summary>
/// <remarks><code>
/// s_ij += table[(Δrow + rows − 1) · (2 · columns − 1) + Δcolumn + columns − 1, head]
/// </code>
/// Tokens before the patches have three rows of their own at the end, as in BEiT: to a patch, from a patch, among
/// themselves. On another grid the table is resized as an image is, bicubically. Source: Liu et al. 2021, "Swin
/// Transformer", arXiv:2103.14030, eq. 4; Bao et al. 2022, "BEiT", arXiv:2106.08254, for the class token.
/// </remarks>
public sealed class RelativePosition : Module, IPositionBias
{
    private readonly TokenGrid _grid;
    private readonly int _heads;

    /// <param name="grid">Arrangement of the tokens over an image of the configured size.</param>
    /// <param name="heads">Heads.</param>
    public RelativePosition(TokenGrid grid, int heads)
    {
        (_grid, _heads) = (grid, heads);
        Table = Register(new Parameter("relative_position_bias_table", [Rows(grid), heads],
            Init.TruncatedNormal(0.02), decay: false));
    }

    /// <summary><c>[offset, head]</c>.</summary>
    public Parameter Table { get; }

    /// <inheritdoc/>
    public PositionBias Of(TokenGrid grid, Device device)
    {
        Tensor table = Fit(Table, _grid, grid);
        int offsets = Offsets(grid);
        if (grid.Prefix > 0)
            // the relation has those among the prefix first
            table = Ops.Concat(0, Ops.Slice(table, 0, 0, offsets), Ops.Slice(table, 0, offsets + 2, 1),
                Ops.Slice(table, 0, offsets, 2));
        return new(OffsetRelation.Of(grid), Ops.Permute(table, 1, 0));
    }

    /// <summary>A table learned on another square grid, resampled to this one; others as they are.</summary>
    internal Tensor AdaptWeight(Tensor table) => Fit(table, _grid, _heads);

    /// <summary>A table learned on another square grid, resampled to this one; others as they are.</summary>
    /// <param name="table"><c>[offset, head]</c>.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="heads">Heads.</param>
    internal static Tensor Fit(Tensor table, TokenGrid grid, int heads)
    {
        int extra = grid.Prefix > 0 ? 3 : 0;
        if (table.Shape.Rank != 2 || table.Shape[1] != heads || table.Shape[0] == Rows(grid)) return table;
        int side = (int)Math.Round(Math.Sqrt(Math.Max(0, table.Shape[0] - extra)));
        return side % 2 == 1 && side * side == table.Shape[0] - extra
            ? Fit(table, new(grid.Prefix, (side + 1) / 2, (side + 1) / 2), grid) : table;
    }

    private static int Offsets(TokenGrid grid) => (2 * grid.Rows - 1) * (2 * grid.Columns - 1);

    private static int Rows(TokenGrid grid) => Offsets(grid) + (grid.Prefix > 0 ? 3 : 0);

    private static Tensor Fit(Tensor table, TokenGrid from, TokenGrid to)
    {
        if ((from.Rows, from.Columns) == (to.Rows, to.Columns)) return table;
        int heads = table.Shape[1], offsets = Offsets(from);
        Tensor image = Ops.Permute(Ops.Slice(table, 0, 0, offsets), 1, 0)
            .Reshape(1, heads, 2 * from.Rows - 1, 2 * from.Columns - 1);
        Tensor resized = Ops.Resize(image, 2 * to.Rows - 1, 2 * to.Columns - 1, Resampling.Bicubic, false);
        Tensor patches = Ops.Permute(resized.Reshape(heads, Offsets(to)), 1, 0);
        return from.Prefix == 0 ? patches : Ops.Concat(0, patches, Ops.Slice(table, 0, offsets, 3));
    }
}
