using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Attention.Mixing;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>
/// DAT: all queries of an image choose together a few sampling locations, and attend to the keys and values read there
/// instead of to all tokens.
/// </summary>
/// <remarks><code>
/// Δ = tanh(w₂ · GELU(LayerNorm(w₁ ∗ q)))          w₁: depthwise kernel × kernel with a stride, w₂: 1 × 1 to (x, y)
/// location = clamp(reference + range · Δ / (columns', rows'))
/// reference: centres of a uniform grid of rows' × columns' = patches / stride
/// o_i = Σ_j softmax_j(q_i·k̃_j / √headDim + b(p_i − location_j)) ṽ_j
/// k̃, ṽ: k and v read bilinearly at the locations, of every level, and the prefix tokens' own
/// b: rpe_table [head, 2 · rows − 1, 2 · columns − 1], read bilinearly at the offset in patches; 0 without bias=true
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token² / stride² · headDim) per head; with a Performer's mix O(token · feature · headDim).
/// With the bias it is stored for all pairs.
/// Source: Xia et al. 2022, "Vision Transformer with Deformable Attention", arXiv:2201.00520, section 3.2; parameters
/// are named as in its code. Levels, each a grid half as fine as the one before with moves of its own, are those of
/// Zhu et al. 2021, "Deformable DETR", arXiv:2010.04159; a location of a level is clamped to that level's grid.
/// <para>
/// The paper reads the tokens and projects what it read. Here the projected keys and values are read. Both are the
/// same, because bilinear reading is linear and its weights sum to 1 where the location lies inside the grid (so that
/// biases pass unchanged), and locations are clamped to the grid, from the first position's centre to the last one's.
/// With several groups there is a difference: the paper reads each group's share of the tokens' channels at that
/// group's locations and lets the projection mix the shares; here the heads of a group read whole tokens at their
/// group's locations.
/// </para>
/// <para>
/// Prefix tokens (the class token) are queries like any other, and keys and values by themselves; they take no part in
/// choosing locations.
/// </para>
/// </remarks>
public sealed class DatAttention : Module, ISamplingAttention, IGridWeights
{
    private const string Table = "rpe_table";

    private static readonly Option<int> Groups =
        Option.Of("groups", ValueForm.Whole(1, 1024), 1,
            "groups of heads with sampling locations of their own; divide the heads");

    private static readonly Option<int> Stride = Option.Of("stride", ValueForm.Whole(1, 1024), 2,
        "patches from one location to the next before they move");

    private static readonly Option<double> Range =
        Option.Of("range", ValueForm.Real(Interval.Positive), 1,
            "farthest that a location moves, in distances of locations");

    private static readonly Option<int> Kernel =
        Option.Of("kernel", ValueForm.Whole(1, 255), 5, "side of the offset network's convolution, patches, odd");

    private static readonly Option<int> LevelCount = Option.Of("levels", ValueForm.Whole(1, 16), 1,
        "grids to read, each half as fine as the one before");

    private static readonly Option<bool> Bias = Option.Of("bias", ValueForm.Flag(), false,
        "add a learned bias by the offset from a query to a location; for mix=softmax");

    private readonly AttentionContext _context;
    private readonly int _groups, _stride, _levels;
    private readonly float _range;
    private readonly Conv2d _convolution;
    private readonly LayerNorm _norm;
    private readonly Linear _direction;
    private readonly KeyMixing _mixing;
    private readonly Parameter? _table;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="groups">Groups of heads with sampling locations of their own; divide the heads.</param>
    /// <param name="stride">Patches from one reference to the next, along both axes.</param>
    /// <param name="range">Farthest that a location moves, in distances of references. The paper's code counts in half
    /// distances.</param>
    /// <param name="kernel">Side of the offset network's convolution, patches; odd.</param>
    /// <param name="performer">Random features to mix what was read with; null: softmax.</param>
    /// <param name="levels">Grids to read: the patches, then each time half as many along both sides; 1 or
    /// more.</param>
    /// <param name="bias">Add a learned bias by the offset from a query to a location.</param>
    /// <exception cref="UsageException">Groups that do not divide the heads, a stride larger than the grid, an even
    /// kernel, too many levels, or a bias together with random features.</exception>
    public DatAttention(AttentionContext context, int groups, int stride, double range, int kernel,
        PerformerOptions? performer = null, int levels = 1, bool bias = false)
    {
        Groups.Check(groups, "dat");
        Check.That(context.Heads % groups == 0,
            $"dat: {groups} groups do not divide {context.Heads} heads; give a number that does.");
        int side = Math.Min(context.Grid.Rows, context.Grid.Columns);
        Check.That(stride >= 1 && stride <= side,
            $"dat: stride must be 1 to {side} for {context.Grid.Rows}x{context.Grid.Columns} patches, got {stride}.");
        Check.That(kernel >= 1 && kernel % 2 == 1, $"dat: kernel must be odd, so that it has a centre, got {kernel}.");
        int most = DeformableAttention.MostLevels(context.Grid);
        Check.That(LevelCount.Check(levels, "dat") <= most,
            $"dat: {levels} levels are too many for {context.Grid.Rows}x{context.Grid.Columns} patches; give {most} or "
                + "fewer.");
        Check.That(!bias || performer is null,
            "dat: option 'bias' needs 'mix=softmax'; random features have no scores to add to.");
        _context = context;
        _levels = levels;
        _groups = groups;
        _stride = stride;
        _range = (float)Range.Check(range, "dat");
        int channels = Width / groups;
        _convolution = Register("conv_offset.0",
            new Conv2d(channels, channels, kernel, stride, kernel / 2, groups: channels));
        _norm = Register("conv_offset.1.norm", new LayerNorm(channels, 1e-5f));
        _direction = Register("conv_offset.3", new Linear(channels, 2 * levels, bias: false));
        if (bias)
            _table = Register(new Parameter(Table, Sizes(context), Init.TruncatedNormal(0.01), decay: false));
        _mixing = Register("", KeyMixing.Create(context, performer));
    }

    internal static AttentionEntry Entry { get; } = new(
        "dat",
        "DAT: softmax attention over keys and values read at locations that the queries choose together.",
        [.. PerformerOptions.WithMix, Groups, Stride, Range, Kernel, LevelCount, Bias],
        (values, context) => new DatAttention(
            context, values.Of(Groups), values.Of(Stride), values.Of(Range), values.Of(Kernel),
            PerformerOptions.OfMix(values, context), values.Of(LevelCount), values.Of(Bias)));

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid)
    {
        double references = CountLocations(grid) / _levels, locations = CountLocations(grid),
            kernel = _convolution.Weight.Shape[2], biases = _table is null ? 0 : 4.0 * grid.Patches * _context.Heads;
        return references * Width * kernel * kernel + locations * (Width * (2 + 2 * 4) + biases)
            + _mixing.Macs(grid.Tokens, locations + grid.Prefix);
    }

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => _mixing.Exponentials(grid.Tokens, CountLocations(grid) + grid.Prefix);

    private double CountLocations(TokenGrid grid) =>
        (double)_levels * ((grid.Rows - 1) / _stride + 1) * ((grid.Columns - 1) / _stride + 1);

    private int Width => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        Tensor qkv = input.Projected;
        Tensor[] locations = Locations(input), grids = Pyramid(qkv, input.Grid);
        Tensor keys = Read(grids, 3, 1, locations, input.Grid), values = Read(grids, 3, 2, locations, input.Grid);
        return _mixing.Forward(new(qkv, _context.Heads, 3, 0), new(keys, _context.Heads), new(values, _context.Heads),
            Biases(input.Grid, locations));
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor qkv = input.Projected;
        Tensor[] locations = Locations(input);
        Tensor keys = Read(Pyramid(qkv, input.Grid), 3, 1, locations, input.Grid),
            unit = PackedHeads.UnitVectors(qkv.Shape[0], input.Grid.Tokens, _groups, qkv.Device);
        Tensor origins = OfHeads(PackedHeads.Split(
            new HeadTensor(Read(Pyramid(unit, input.Grid), 1, 0, locations, input.Grid), _groups)));
        return Ops.MatMul(_mixing.Weights(new(qkv, _context.Heads, 3, 0), new(keys, _context.Heads),
            Biases(input.Grid, locations)), origins);
    }

    /// <inheritdoc/>
    SamplingLocations ISamplingAttention.Locate(AttentionInput input)
    {
        Tensor[] all = Locations(input);
        Tensor locations = all.Length == 1 ? all[0] : Ops.Concat(1, all);
        return new(Ops.Permute(locations.Reshape(locations.Shape[0], locations.Shape[1], _groups, 2), 0, 2, 1, 3)
            .Reshape(locations.Shape[0], 1, _groups, -1, 2), Weights: null);
    }

    /// <inheritdoc/>
    Tensor IGridWeights.AdaptWeight(string name, Tensor value) =>
        name == Table && _table is not null && value.Shape.Rank == 3 && value.Shape[0] == _context.Heads
            ? Fit(value, _context.Grid) : value;

    /// <summary>Sampling locations of keys and values in each level, <c>[batch, location, group, 1, 1, 2]</c> as (x, y)
    /// from 0 to 1.</summary>
    private Tensor[] Locations(AttentionInput input)
    {
        TokenGrid grid = input.Grid;
        // from a convolution's layout to tokens'
        Tensor kernel = Ops.Permute(_convolution.Weight.Value.Reshape(Width / _groups, -1), 1, 0);
        Tensor map = Ops.GridConvolution(
            new(input.Projected, _groups, 3, 0), new(grid.Rows, grid.Columns), kernel, _convolution.Bias, _stride,
            grid.Prefix);
        GridLevel references = new((grid.Rows - 1) / _stride + 1, (grid.Columns - 1) / _stride + 1);
        Tensor features = _norm.Forward(map.Reshape(map.Shape[0], references.Count, _groups, Width / _groups));
        Tensor moves = Ops.Apply(UnaryOperator.Tanh, _direction.Forward(UnaryOperator.Gelu, features));
        Tensor reach = Reach(references, map.Device), centres = References(references, map.Device);
        return [.. DeformableAttention.Levels(grid, _levels).Select((level, index) =>
        {
            Tensor own = _levels == 1 ? moves : Ops.Slice(moves, 3, 2 * index, 2);
            return Clamp(Ops.Add(Ops.Multiply(own, reach), centres), level)
                .Reshape(map.Shape[0], references.Count, _groups, 1, 1, 2);
        })];
    }

    /// <summary>A tensor of tokens and its coarser grids.</summary>
    private Tensor[] Pyramid(Tensor tokens, TokenGrid grid)
    {
        GridLevel[] levels = DeformableAttention.Levels(grid, _levels);
        Tensor[] all = new Tensor[_levels];
        all[0] = tokens;
        for (int i = 1; i < _levels; i++)
            all[i] = Ops.PoolGrid(all[i - 1], levels[i - 1], i == 1 ? grid.Prefix : 0);
        return all;
    }

    /// <summary>Vectors read at the locations of each level, and behind them the prefix tokens' own.</summary>
    /// <returns><c>[batch, location + prefix, group · width]</c>.</returns>
    private Tensor Read(Tensor[] grids, int parts, int part, Tensor[] locations, TokenGrid grid)
    {
        GridLevel[] levels = DeformableAttention.Levels(grid, _levels);
        HeadTensor tokens = new(grids[0], _groups, parts, part);
        Tensor ones = Tensor.Full([tokens.Batch, locations[0].Shape[1], _groups, 1, 1], 1, grids[0].Device);
        List<Tensor> read = [.. grids.Select((source, level) => Ops.DeformableSample(tokens with { Tensor = source },
            [levels[level]], locations[level], ones, level == 0 ? grid.Prefix : 0))];
        int width = tokens.Count * tokens.Width;
        if (grid.Prefix > 0)
            read.Add(Ops.Slice(Ops.Slice(tokens.Tensor, 1, 0, grid.Prefix), 2, part * width, width));
        return read.Count == 1 ? read[0] : Ops.Concat(1, [.. read]);
    }

    /// <summary>Addend of the scores by the offset from a query to a location, <c>[batch, head, query, location +
    /// prefix]</c>, 0 for tokens before the patches; null where there is none.</summary>
    private Tensor? Biases(TokenGrid grid, Tensor[] locations)
    {
        if (_table is null) return null;
        (int batch, int count, int heads) = (locations[0].Shape[0], locations[0].Shape[1] * _levels, _context.Heads);
        (int rows, int columns) = (2 * grid.Rows - 1, 2 * grid.Columns - 1);
        Tensor values = Ops.Permute(Fit(_table, grid).Reshape(heads, rows * columns), 1, 0)
            .Reshape(1, rows * columns, heads);
        Tensor places = (_levels == 1 ? locations[0] : Ops.Concat(1, locations)).Reshape(batch, 1, count, _groups, 2);
        Device device = places.Device;
        float[] queries = new float[2 * grid.Patches];
        for (int patch = 0; patch < grid.Patches; patch++)
        {
            // offset + columns − 1 is the table's column, and its centre half a column on
            queries[2 * patch] = (patch % grid.Columns + grid.Columns) / (float)columns;
            queries[2 * patch + 1] = (patch / grid.Columns + grid.Rows) / (float)rows;
        }

        Tensor offsets = Ops.Subtract(Tensor.From(queries, [1, grid.Patches, 1, 1, 2], device), Ops.Multiply(places,
            Tensor.From([grid.Columns / (float)columns, grid.Rows / (float)rows], [1, 1, 1, 1, 2], device)));
        int pairs = grid.Patches * count;
        Tensor read = Ops.DeformableSample(
            new HeadTensor(Ops.Expand(values, batch, rows * columns, heads), _groups), [new(rows, columns)],
            offsets.Reshape(batch, pairs, _groups, 1, 1, 2), Tensor.Full([batch, pairs, _groups, 1, 1], 1, device));
        Tensor ofPatches = Ops.Permute(read.Reshape(batch, grid.Patches, count, heads), 0, 3, 1, 2);
        if (grid.Prefix == 0) return ofPatches;
        Tensor wide = Ops.Concat(3, ofPatches, Tensor.Zeros([batch, heads, grid.Patches, grid.Prefix], device));
        return Ops.Concat(2, Tensor.Zeros([batch, heads, grid.Prefix, count + grid.Prefix], device), wide);
    }

    /// <summary>A table of biases, resized to a grid's offsets.</summary>
    private static Tensor Fit(Tensor table, TokenGrid grid)
    {
        (int rows, int columns) = (2 * grid.Rows - 1, 2 * grid.Columns - 1);
        return (table.Shape[1], table.Shape[2]) == (rows, columns) ? table
            : Ops.Resize(table.Reshape(1, table.Shape[0], table.Shape[1], table.Shape[2]), rows, columns,
                Resampling.Bicubic, false).Reshape(table.Shape[0], rows, columns);
    }

    private static Shape Sizes(AttentionContext context) =>
        [context.Heads, 2 * context.Grid.Rows - 1, 2 * context.Grid.Columns - 1];

    /// <summary>Each group's matrix for each of its heads: <c>[batch, group, ...] → [batch, head, ...]</c>.</summary>
    private Tensor OfHeads(Tensor groups)
    {
        (int batch, int rows, int columns) = (groups.Shape[0], groups.Shape[2], groups.Shape[3]);
        return Ops.Expand(groups.Reshape(batch, _groups, 1, rows, columns), batch, _groups, _context.Heads / _groups,
            rows, columns)
            .Reshape(batch, _context.Heads, rows, columns);
    }

    /// <summary>From the first position's centre to the last one's, where the bilinear weights sum to 1.</summary>
    private static Tensor Clamp(Tensor locations, GridLevel grid)
    {
        (float x, float y) = (0.5f / grid.Columns, 0.5f / grid.Rows);
        Tensor first = Tensor.From([x, y], [2], locations.Device),
            last = Tensor.From([1 - x, 1 - y], [2], locations.Device);
        return Ops.Minimum(Ops.Maximum(locations, first), last);
    }

    /// <summary>range / (columns', rows').</summary>
    private Tensor Reach(GridLevel references, Device device) =>
        Tensor.From([_range / references.Columns, _range / references.Rows], [2], device);

    /// <summary>Centres of a uniform grid over the image, <c>[location, 1, 2]</c>.</summary>
    private static Tensor References(GridLevel grid, Device device)
    {
        float[] centres = new float[2 * grid.Count];
        for (int i = 0; i < grid.Count; i++)
        {
            centres[2 * i] = (i % grid.Columns + 0.5f) / grid.Columns;
            centres[2 * i + 1] = (i / grid.Columns + 0.5f) / grid.Rows;
        }

        return Tensor.From(centres, [grid.Count, 1, 2], device);
    }
}
