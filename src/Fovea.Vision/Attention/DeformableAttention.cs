using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>
/// Deformable attention: every token reads a handful of sampling locations around itself, which it chooses, instead of
/// all tokens; there are no keys.
/// </summary>
/// <remarks><code>
/// o_q = Σ_l Σ_p A_qlp · v_l(location_qlp)          A_q = softmax over (l, p) of attention_weights(x_q)
/// location_qlp = reference_q + sampling_offsets(x_q)_lp / (columns_l, rows_l)     v_l(·) bilinear, 0 outside the image
/// x [batch, token, dim] normed,  v [batch, token, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token · level · point · headDim) per head: linear in the number of tokens, and no token × token matrix.
/// Source: Zhu et al. 2021, "Deformable DETR", arXiv:2010.04159, eq. 2 and 3, and its code's first values: offset
/// weights 0, offset biases the directions 2π · head / heads on the unit square times 1, 2, ... points, attention
/// weights 0.
/// <para>
/// The reference of a patch is its own centre. Level l + 1 is level l averaged over 2×2 values; pooling is linear with
/// weights that sum to 1, so it makes no difference whether it happens before or behind the input projection.
/// </para>
/// <para>
/// Prefix tokens (the class token) lie nowhere in the image. As queries their reference is the image's centre, and
/// their offsets, in patches, may reach anywhere; as values nobody reads them, themselves included: what they hold
/// passes through the residual connection alone. Where the patches are pooled instead of the class token, nothing
/// depends on it: leave it out.
/// </para>
/// </remarks>
public sealed class DeformableAttention : Module, ISamplingAttention
{
    private static readonly Option<int> Points = Option.Of("points", ValueForm.Whole(1, 1024), 4,
        "sampling locations per token, head and level");
    private static readonly Option<int> LevelCount = Option.Of("levels", ValueForm.Whole(1, 16), 1,
        "grids to read, each half as fine as the one before");

    private readonly AttentionContext _context;
    private readonly int _points, _levels;
    private readonly Linear _offsets, _weights;
    private readonly Dropout _dropout;
    private readonly ModuleBuffer _references, _cells;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="points">Sampling locations per token, head and level, 1 or more.</param>
    /// <param name="levels">Grids to read: the patches, then each time half as many along both sides; 1 or
    /// more.</param>
    /// <exception cref="UsageException">A number below 1, or more levels than the grid can be halved.</exception>
    public DeformableAttention(AttentionContext context, int points, int levels)
    {
        int most = MostLevels(context.Grid);
        Check.That(levels <= most,
            $"deformable: {levels} levels are too many for {Finest(context.Grid)} patches; give {most} or fewer.");
        _context = context;
        _points = Points.Check(points, "deformable");
        _levels = LevelCount.Check(levels, "deformable");
        int samples = context.Heads * levels * points;
        _offsets = Register("sampling_offsets", new Linear(context.Dim, 2 * samples, true, Init.Zeros, FirstOffsets));
        _weights = Register("attention_weights", new Linear(context.Dim, samples, true, Init.Zeros, Init.Zeros));
        _dropout = Register("attn_drop", new Dropout(context.Dropout));
        _references = Register(new ModuleBuffer(
            "references", [1, context.Grid.Tokens, 2 * samples],
            (values, _, _) => References(context.Grid, 2 * samples).CopyTo(values, 0), persistent: false));
        _cells = Register(new ModuleBuffer(
            "cells", [2 * samples],
            (values, _, _) => Cells(Levels(context.Grid, levels), context.Heads, points).CopyTo(values, 0),
            persistent: false));
    }

    internal static AttentionEntry Entry { get; } = new(
        "deformable",
        "Deformable attention: each token reads a few locations of its own choice; linear in the number of tokens.",
        [Points, LevelCount],
        (values, context) => new DeformableAttention(context, values.Of(Points), values.Of(LevelCount)));

    /// <summary>Values alone: head · headDim.</summary>
    public int ProjectedWidth => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) =>
        // offsets, weights; four corners and their mix
        (double)grid.Tokens * _context.Heads * _levels * _points * (3 * _context.Dim + 5 * _context.HeadDim);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input) => Sample(input, input.Projected, _dropout.Forward(Weights(input)));

    /// <inheritdoc/>
    /// <remarks>
    /// Rows sum to 1 less what was read outside the image. The weights of coarser levels are spread over the patches
    /// that were averaged.
    /// </remarks>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor unit = PackedHeads.UnitVectors(input.Projected.Shape[0], input.Grid.Tokens, _context.Heads,
            input.Projected.Device);
        return PackedHeads.Split(new HeadTensor(Sample(input, unit, Weights(input)), _context.Heads));
    }

    /// <inheritdoc/>
    public SamplingLocations Locate(AttentionInput input)
    {
        Tensor locations = Locations(input);
        (int batch, int queries, int samples) = (locations.Shape[0], locations.Shape[1], _levels * _points);
        return new(locations.Reshape(batch, queries, _context.Heads, samples, 2),
            Weights(input).Reshape(batch, queries, _context.Heads, samples));
    }

    /// <summary>The levels of a grid, finest first.</summary>
    internal static GridLevel[] Levels(TokenGrid grid, int count)
    {
        GridLevel[] levels = new GridLevel[count];
        levels[0] = Finest(grid);
        for (int i = 1; i < count; i++) levels[i] = levels[i - 1].Halved();
        return levels;
    }

    /// <summary>reference + offset · cell.</summary>
    /// <param name="offsets">In positions of the level, <c>[batch, query, head · level · point · 2]</c>.</param>
    /// <param name="references">0 to 1, <c>[1 or batch, query, head · level · point · 2]</c>.</param>
    /// <param name="cells">One position's size, <c>[head · level · point · 2]</c>.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="levels">Levels.</param>
    /// <param name="points">Points.</param>
    /// <returns><c>[batch, query, head, level, point, 2]</c>.</returns>
    internal static Tensor Locations(Tensor offsets, Tensor references, Tensor cells, int heads, int levels,
        int points) =>
        Ops.Add(Ops.Multiply(offsets, cells), references)
            .Reshape(offsets.Shape[0], offsets.Shape[1], heads, levels, points, 2);

    /// <summary>Softmax over levels and points.</summary>
    /// <param name="logits"><c>[batch, query, head · level · point]</c>.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="levels">Levels.</param>
    /// <param name="points">Points.</param>
    /// <returns><c>[batch, query, head, level, point]</c>.</returns>
    internal static Tensor Weights(Tensor logits, int heads, int levels, int points)
    {
        (int batch, int queries) = (logits.Shape[0], logits.Shape[1]);
        return Ops.Softmax(logits.Reshape(batch, queries, heads, levels * points))
            .Reshape(batch, queries, heads, levels, points);
    }

    /// <summary>1 / (columns, rows) of each sample's level, <c>[head · level · point · 2]</c>.</summary>
    internal static float[] Cells(GridLevel[] levels, int heads, int points)
    {
        float[] cells = new float[heads * levels.Length * points * 2];
        for (int i = 0; i < cells.Length; i++)
        {
            GridLevel level = levels[i / (2 * points) % levels.Length];
            cells[i] = 1f / (i % 2 == 0 ? level.Columns : level.Rows);
        }

        return cells;
    }

    private Tensor Weights(AttentionInput input) => Weights(input.Project(_weights), _context.Heads, _levels, _points);

    private Tensor Sample(AttentionInput input, Tensor values, Tensor weights)
    {
        TokenGrid grid = input.Grid;
        GridLevel[] levels = Levels(grid, _levels);
        return Ops.DeformableSample(new HeadTensor(Pyramid(values, levels, grid.Prefix), _context.Heads), levels,
            Locations(input), weights, grid.Prefix);
    }

    /// <summary>Sampling locations of each token, <c>[batch, query, head, level, point, 2]</c>.</summary>
    private Tensor Locations(AttentionInput input)
    {
        (Tensor references, Tensor cells) = Geometry(input.Grid, Levels(input.Grid, _levels), input.Projected.Device);
        return Locations(input.Project(_offsets), references, cells, _context.Heads, _levels, _points);
    }

    /// <summary>Positions of the queries and sizes of a level's cells; made anew for images of another size than
    /// configured.</summary>
    private (Tensor References, Tensor Cells) Geometry(TokenGrid grid, GridLevel[] levels, Device device)
    {
        if (grid == _context.Grid) return (_references, _cells);
        int width = _cells.Shape.Elements;
        return (Tensor.From(References(grid, width), [1, grid.Tokens, width], device),
            Tensor.From(Cells(levels, _context.Heads, _points), [width], device));
    }

    /// <summary>The values and, behind them, their coarser levels.</summary>
    private static Tensor Pyramid(Tensor values, GridLevel[] levels, int prefix)
    {
        if (levels.Length == 1) return values;
        Tensor[] all = new Tensor[levels.Length];
        all[0] = values;
        for (int i = 1; i < all.Length; i++) all[i] = Ops.PoolGrid(all[i - 1], levels[i - 1], i == 1 ? prefix : 0);
        return Ops.Concat(1, all);
    }

    /// <summary>Position of each token (x, y), 0 to 1, repeated to <paramref name="width"/> elements.</summary>
    private static float[] References(TokenGrid grid, int width)
    {
        float[] references = new float[grid.Tokens * width];
        for (int token = 0; token < grid.Tokens; token++)
        {
            (int row, int column) = Math.DivRem(token - grid.Prefix, grid.Columns);
            (float x, float y) = token < grid.Prefix ? (0.5f, 0.5f)
                : ((column + 0.5f) / grid.Columns, (row + 0.5f) / grid.Rows);
            for (int i = 0; i < width; i++) references[token * width + i] = i % 2 == 0 ? x : y;
        }

        return references;
    }

    /// <summary>Each head looks into a direction of its own, each of its points one step farther; the farther component
    /// of a step is 1.</summary>
    private void FirstOffsets(float[] values, Shape shape, Philox random)
    {
        for (int i = 0; i < values.Length; i += 2)
        {
            int point = i / 2 % _points, head = i / (2 * _points * _levels);
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * head / _context.Heads);
            double step = (point + 1) / Math.Max(Math.Abs(sine), Math.Abs(cosine));
            (values[i], values[i + 1]) = ((float)(cosine * step), (float)(sine * step));
        }
    }

    private static GridLevel Finest(TokenGrid grid) => new(grid.Rows, grid.Columns);

    /// <summary>Levels that a grid has: itself, and as often as it can be halved.</summary>
    internal static int MostLevels(TokenGrid grid)
    {
        int levels = 1;
        for (GridLevel level = Finest(grid); level.Count > 1; level = level.Halved()) levels++;
        return levels;
    }
}
