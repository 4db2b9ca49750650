using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Windowed attention, shifted by half a window in every other block, with a learned bias of relative
/// positions; linear in the number of tokens.</summary>
/// <remarks><code>
/// s_ij = q_i·k_j / √headDim + table[(Δrow + w − 1) · (2w − 1) + Δcolumn + w − 1, head]          Δ: query − key
/// o_i = Σ_j softmax_j(s_ij) v_j          over the tokens j of i's window, and those before the patches
/// windows: rows and columns are cut at s, s + w, s + 2w, ...          s = 0 in even blocks, ⌊w/2⌋ in odd ones
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Swin rolls the grid by s, computes w × w windows, and masks the pairs that were no neighbours before. What its masks
/// leave are the windows above, some of them smaller at the borders; here they are computed as they are, without a roll
/// or a mask, sizes by sizes. A grid that the window does not divide ends in smaller windows, which is Swin's padding
/// with the padded keys masked; a grid no larger than the window is one window, without a shift, as in Swin's code.
/// Tokens before the patches (Swin has none) see all tokens and are seen by all, without a bias. Parameter
/// <c>relative_position_bias_table [offset, head]</c>, as in Swin and timm. Time O(token · window² · headDim) per head.
/// Source: Liu et al. 2021, "Swin Transformer", arXiv:2103.14030, section 3.2, eq. 4.
/// </remarks>
public sealed class SwinAttention : Module, IAttention, IGridWeights
{
    private static readonly Option<int> Side = Option.Of("window", ValueForm.Whole(1, 256), 7,
        "rows and columns of a window");

    private static readonly Option<int?> Shift = Option.Maybe("shift", ValueForm.Whole(0, 255),
        "rows and columns by which windows are shifted", "window / 2 in every other block");

    private readonly AttentionContext _context;
    private readonly int _window, _shift;
    private readonly float _scale;
    private Remembered? _last;   // an object, so that threads see it whole or not at all

    /// <param name="context">Sizes and block.</param>
    /// <param name="window">Rows and columns of a window, 1 or more.</param>
    /// <param name="shift">By how much windows are shifted, from 0 and below the window; null: half a window in odd
    /// blocks.</param>
    /// <exception cref="UsageException">The shift is not below the window, or attention drops out.</exception>
    public SwinAttention(AttentionContext context, int window, int? shift = null)
    {
        context.RequireNoDropout("swin");
        Check.That(shift is null || shift < window,
            $"swin: option 'shift' must be below 'window', got {shift} and {window}.");
        (_context, _window, _shift) = (context, window, shift ?? (context.Block % 2 == 1 ? window / 2 : 0));
        _scale = (float)(1 / Math.Sqrt(context.HeadDim));
        int offsets = 2 * window - 1;
        Table = Register(new Parameter("relative_position_bias_table", [offsets * offsets, context.Heads],
            Init.TruncatedNormal(0.02), decay: false));
    }

    internal static AttentionEntry Entry { get; } = new(
        "swin",
        "Softmax within windows, shifted in every other block (Swin), and a bias of relative positions; linear.",
        [Side, Shift],
        (values, context) => new SwinAttention(context, values.Of(Side), values.Of(Shift)))
    {
        Main = Side,
    };

    /// <summary>Rows and columns of a window.</summary>
    public int Window => _window;

    /// <summary>Biases, <c>[offset, head]</c>.</summary>
    public Parameter Table { get; }

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
        Tensor qkv = input.Projected, bias = Bias(grid.Prefix);
        (int batch, int prefix, int heads) = (qkv.Shape[0], grid.Prefix, _context.Heads);
        (_, WindowGrid windows, TokenRelation[] relations) = Windows(grid);
        Tensor ordered = Pick(qkv, windows.Order);
        List<Tensor> results = [];
        int first = 0;
        foreach ((WindowShape shape, TokenRelation relation) in windows.Shapes.Zip(relations))
        {
            int length = prefix + shape.Rows * shape.Columns;
            Tensor some = Ops.Slice(ordered, 1, first, shape.Count * length).Reshape(batch * shape.Count, length, -1);
            Tensor mixed = Ops.Attention(some, heads, _scale, relation, new(Head: bias));
            if (prefix > 0) mixed = Ops.Slice(mixed, 1, prefix, length - prefix);
            results.Add(mixed.Reshape(batch, shape.Count * (length - prefix), -1));
            first += shape.Count * length;
        }

        Tensor patches = Pick(results.Count == 1 ? results[0] : Ops.Concat(1, [.. results]), windows.Back);
        if (prefix == 0) return patches;
        HeadTensor keys = new(qkv, heads, 3, 1), queries = new(Ops.Slice(qkv, 1, 0, prefix), heads, 3);
        return Ops.Concat(1, Ops.Attention(queries, keys, keys with { Part = 2 }, _scale), patches);
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        (TokenGrid grid, int n, int heads) = (input.Grid, input.Grid.Tokens, _context.Heads);
        float[] table = Table.Value.ToArray(), addend = new float[heads * n * n];
        for (int at = 0; at < addend.Length; at++)
        {
            (int head, int query, int key) = (at / (n * n), at / n % n - grid.Prefix, at % n - grid.Prefix);
            if (query < 0 || key < 0) continue;
            ((int row, int column), (int keyRow, int keyColumn)) =
                (Math.DivRem(query, grid.Columns), Math.DivRem(key, grid.Columns));
            bool isSeen = WindowGrid.Of(row, grid.Rows, _window, _shift) == WindowGrid.Of(keyRow, grid.Rows, _window,
                    _shift)
                && WindowGrid.Of(column, grid.Columns, _window, _shift) == WindowGrid.Of(keyColumn, grid.Columns,
                    _window, _shift);
            addend[at] = !isSeen ? -1e9f
                : table[((row - keyRow + _window - 1) * (2 * _window - 1) + column - keyColumn + _window - 1) * heads
                    + head];
        }

        HeadTensor queries = new(input.Projected, heads, 3);
        Tensor scores = Ops.MatMul(PackedHeads.Split(queries), PackedHeads.Split(queries with { Part = 1 }),
            transposeB: true, scale: _scale);
        return Ops.Softmax(Ops.Add(scores, Tensor.From(addend, [1, heads, n, n], scores.Device)));
    }

    /// <inheritdoc/>
    Tensor IGridWeights.AdaptWeight(string name, Tensor value) =>
        RelativePosition.Fit(value, new(0, _window, _window), _context.Heads);

    /// <summary>The bias by bucket, <c>[head, bucket]</c>; 0 towards tokens before the patches.</summary>
    private Tensor Bias(int prefix)
    {
        Tensor table = Ops.Permute(Table, 1, 0);
        return prefix == 0 ? table : Ops.Concat(1, table,
            Tensor.From(new float[3 * _context.Heads], [_context.Heads, 3], table.Device));
    }

    /// <summary>Offsets in a window of some shape as those of the whole window.</summary>
    private TokenRelation Relation(int prefix, WindowShape shape)
    {
        return new(prefix, shape.Rows, shape.Columns, null, Offsets(shape.Rows), Offsets(shape.Columns),
            2 * _window - 1);

        int[] Offsets(int size) => [.. Enumerable.Range(_window - size, 2 * size - 1)];
    }

    /// <summary>Tokens by number, <c>[batch, token, width] → [batch, number, width]</c>.</summary>
    private static Tensor Pick(Tensor x, int[] numbers)
    {
        (int batch, int tokens, int width) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        Tensor byToken = Ops.Permute(x, 1, 0, 2).Reshape(tokens, batch * width);
        Tensor picked = Ops.Gather(byToken, Tensor.From(numbers, [numbers.Length], x.Device));
        return Ops.Permute(picked.Reshape(numbers.Length, batch, width), 1, 0, 2);
    }

    private Remembered Windows(TokenGrid grid)
    {
        if (_last is { } last && last.Grid == grid) return last;
        WindowGrid windows = new(grid, _window, _shift);
        return _last = new(grid, windows, [.. windows.Shapes.Select(shape => Relation(grid.Prefix, shape))]);
    }

    private double Pairs(TokenGrid grid)
    {
        double pairs = (double)grid.Prefix * grid.Tokens;
        foreach (WindowShape shape in Windows(grid).Windows.Shapes)
            pairs += shape.Count * Math.Pow(grid.Prefix + shape.Rows * shape.Columns, 2);
        return _context.Heads * pairs;
    }

    /// <summary>The windows that were asked for last.</summary>
    private sealed record Remembered(TokenGrid Grid, WindowGrid Windows, TokenRelation[] Relations);
}
