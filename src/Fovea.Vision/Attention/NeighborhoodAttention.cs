using Fovea.Core.Options;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Neighbourhood attention: each patch attends to the patches around it, in a window that moves inwards at the
/// borders of the image and so always has the same size.</summary>
/// <remarks><code>
/// o_i = Σ_j∈N(i) softmax_j(q_i·k_j / √headDim) v_j
/// N(i): the kernel × kernel patches nearest to i, and the tokens before the patches
/// along an axis: kernel positions from clamp(p − (kernel − 1)/2, 0, size − kernel) on
/// dilation δ: the same among the positions that lie whole steps of δ from i
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Tokens before the patches (class token and the like) see all tokens, and all patches see them; the paper has none.
/// On a grid with fewer positions along an axis than the kernel reaches, all of those in steps of δ are neighbours
/// (NATTEN refuses such grids). Time O(token · kernel² · headDim) per head, extra memory O(token): windows are read in
/// place. Source: Hassani et al. 2023, "Neighborhood Attention Transformer", arXiv:2204.07143, eq. 2 to 4, and Hassani
/// and Shi 2022, "Dilated Neighborhood Attention Transformer", arXiv:2209.15001, as in NATTEN's code; without the bias
/// of relative positions, which NATTEN has given up.
/// </remarks>
public sealed class NeighborhoodAttention : IAttention
{
    private const int Most = 1023;

    private static readonly Option<int> Kernel = Option.Of("kernel", ValueForm.Whole(1, Most), 7,
        "patches that one sees along each axis, odd");

    private static readonly Option<int> Dilation = Option.Of("dilation", ValueForm.Whole(1, Most), 1,
        "patches from one neighbour to the next");

    private readonly AttentionContext _context;
    private readonly Neighborhood _neighborhood;
    private readonly float _scale;

    /// <param name="context">Sizes.</param>
    /// <param name="neighborhood">Which patches a patch sees.</param>
    /// <exception cref="UsageException">The kernel is even, or attention drops out.</exception>
    public NeighborhoodAttention(AttentionContext context, Neighborhood neighborhood)
    {
        context.RequireNoDropout("neighborhood");
        Check.That(neighborhood.Kernel % 2 == 1,
            $"neighborhood: option 'kernel' must be odd, so that a patch is in the middle of its neighbours; got "
                + $"{neighborhood.Kernel}.");
        (_context, _neighborhood) = (context, neighborhood);
        _scale = (float)(1 / Math.Sqrt(context.HeadDim));
    }

    internal static AttentionEntry Entry { get; } = new(
        "neighborhood",
        "Each patch attends to the patches around it (NATTEN), with dilation if asked for; linear.",
        [Kernel, Dilation],
        (values, context) => new NeighborhoodAttention(context, new(values.Of(Kernel), values.Of(Dilation))))
    {
        Main = Kernel,
    };

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) => 2 * Pairs(grid) * _context.HeadDim;

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => Pairs(grid);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        TokenGrid grid = input.Grid;
        Tensor qkv = input.Projected, patches = Ops.NeighborhoodAttention(qkv, _context.Heads,
            new(grid.Rows, grid.Columns), _neighborhood, grid.Prefix, _scale);
        if (grid.Prefix == 0) return patches;
        HeadTensor keys = new(qkv, _context.Heads, 3, 1);
        HeadTensor queries = new(Ops.Slice(qkv, 1, 0, grid.Prefix), _context.Heads, 3);
        return Ops.Concat(1, Ops.Attention(queries, keys, keys with { Part = 2 }, _scale), patches);
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        (int n, HeadTensor queries) = (input.Grid.Tokens, new HeadTensor(input.Projected, _context.Heads, 3));
        float[] hidden = new float[n * n];
        for (int pair = 0; pair < hidden.Length; pair++)
            hidden[pair] = IsSeen(input.Grid, pair / n, pair % n) ? 0 : -1e9f;
        Tensor scores = Ops.MatMul(PackedHeads.Split(queries), PackedHeads.Split(queries with { Part = 1 }),
            transposeB: true, scale: _scale);
        return Ops.Softmax(Ops.Add(scores, Tensor.From(hidden, [1, 1, n, n], scores.Device)));
    }

    private bool IsSeen(TokenGrid grid, int query, int key)
    {
        if (query < grid.Prefix || key < grid.Prefix) return true;
        ((int row, int column), (int keyRow, int keyColumn)) = (Math.DivRem(query - grid.Prefix, grid.Columns),
            Math.DivRem(key - grid.Prefix, grid.Columns));
        return Sees(row, keyRow, grid.Rows) && Sees(column, keyColumn, grid.Columns);

        bool Sees(int position, int other, int size)
        {
            (int first, int count) = _neighborhood.Along(position, size);
            (int steps, int rest) = Math.DivRem(other - first, _neighborhood.Dilation);
            return rest == 0 && steps >= 0 && steps < count;
        }
    }

    private double Pairs(TokenGrid grid)
    {
        double rows = Enumerable.Range(0, grid.Rows).Sum(row => _neighborhood.Along(row, grid.Rows).Count),
            columns = Enumerable.Range(0, grid.Columns)
                .Sum(column => _neighborhood.Along(column, grid.Columns).Count);
        return _context.Heads * (rows * columns + (double)grid.Prefix * (grid.Patches + grid.Tokens));
    }
}
