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
/// o_i = Σ_j softmax_j(q_i·k̃_j / √headDim) ṽ_j
/// k̃, ṽ: k and v read bilinearly at the locations, and the prefix tokens' own
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token² / stride² · headDim) per head; with a Performer's mix O(token · feature · headDim).
/// Source: Xia et al. 2022, "Vision Transformer with Deformable Attention", arXiv:2201.00520, section 3.2, without its
/// relative position bias; parameters are named as in its code.
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
public sealed class DatAttention : Module, ISamplingAttention
{
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

    private readonly AttentionContext _context;
    private readonly int _groups, _stride;
    private readonly float _range;
    private readonly Conv2d _convolution;
    private readonly LayerNorm _norm;
    private readonly Linear _direction;
    private readonly KeyMixing _mixing;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="groups">Groups of heads with sampling locations of their own; divide the heads.</param>
    /// <param name="stride">Patches from one reference to the next, along both axes.</param>
    /// <param name="range">Farthest that a location moves, in distances of references. The paper's code counts in half
    /// distances.</param>
    /// <param name="kernel">Side of the offset network's convolution, patches; odd.</param>
    /// <param name="performer">Random features to mix what was read with; null: softmax.</param>
    /// <exception cref="UsageException">Groups that do not divide the heads, a stride larger than the grid, or an even
    /// kernel.</exception>
    public DatAttention(AttentionContext context, int groups, int stride, double range, int kernel,
        PerformerOptions? performer = null)
    {
        Groups.Check(groups, "dat");
        Check.That(context.Heads % groups == 0,
            $"dat: {groups} groups do not divide {context.Heads} heads; give a number that does.");
        int side = Math.Min(context.Grid.Rows, context.Grid.Columns);
        Check.That(stride >= 1 && stride <= side,
            $"dat: stride must be 1 to {side} for {context.Grid.Rows}x{context.Grid.Columns} patches, got {stride}.");
        Check.That(kernel >= 1 && kernel % 2 == 1, $"dat: kernel must be odd, so that it has a centre, got {kernel}.");
        _context = context;
        _groups = groups;
        _stride = stride;
        _range = (float)Range.Check(range, "dat");
        int channels = Width / groups;
        _convolution = Register("conv_offset.0",
            new Conv2d(channels, channels, kernel, stride, kernel / 2, groups: channels));
        _norm = Register("conv_offset.1.norm", new LayerNorm(channels, 1e-5f));
        _direction = Register("conv_offset.3", new Linear(channels, 2, bias: false));
        _mixing = Register("", KeyMixing.Create(context, performer));
    }

    internal static AttentionEntry Entry { get; } = new(
        "dat",
        "DAT: softmax attention over keys and values read at locations that the queries choose together.",
        [.. PerformerOptions.WithMix, Groups, Stride, Range, Kernel],
        (values, context) => new DatAttention(
            context, values.Of(Groups), values.Of(Stride), values.Of(Range), values.Of(Kernel),
            PerformerOptions.OfMix(values, context)));

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid)
    {
        double locations = CountLocations(grid), kernel = _convolution.Weight.Shape[2];
        return locations * Width * (kernel * kernel + 2 + 2 * 4) + _mixing.Macs(grid.Tokens, locations + grid.Prefix);
    }

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => _mixing.Exponentials(grid.Tokens, CountLocations(grid) + grid.Prefix);

    private double CountLocations(TokenGrid grid) =>
        (double)((grid.Rows - 1) / _stride + 1) * ((grid.Columns - 1) / _stride + 1);

    private int Width => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        Tensor locations = Locations(input), qkv = input.Projected;
        Tensor keys = Read(new(qkv, _groups, 3, 1), locations, input.Grid),
            values = Read(new(qkv, _groups, 3, 2), locations, input.Grid);
        return _mixing.Forward(new(qkv, _context.Heads, 3, 0), new(keys, _context.Heads), new(values, _context.Heads));
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor locations = Locations(input), qkv = input.Projected,
            keys = Read(new(qkv, _groups, 3, 1), locations, input.Grid);
        Tensor unit = PackedHeads.UnitVectors(qkv.Shape[0], input.Grid.Tokens, _groups, qkv.Device);
        Tensor origins = OfHeads(
            PackedHeads.Split(new HeadTensor(Read(new(unit, _groups), locations, input.Grid), _groups)));
        return Ops.MatMul(_mixing.Weights(new(qkv, _context.Heads, 3, 0), new(keys, _context.Heads)), origins);
    }

    /// <inheritdoc/>
    SamplingLocations ISamplingAttention.Locate(AttentionInput input)
    {
        Tensor locations = Locations(input);
        return new(Ops.Permute(locations.Reshape(locations.Shape[0], locations.Shape[1], _groups, 2), 0, 2, 1, 3)
            .Reshape(locations.Shape[0], 1, _groups, -1, 2), Weights: null);
    }

    /// <summary>Sampling locations of keys and values, <c>[batch, location, group, 1, 1, 2]</c> as (x, y) from 0 to
    /// 1.</summary>
    private Tensor Locations(AttentionInput input)
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
        Tensor locations = Ops.Add(Ops.Multiply(moves, Reach(references, map.Device)),
            References(references, map.Device));
        return Clamp(locations, grid).Reshape(map.Shape[0], references.Count, _groups, 1, 1, 2);
    }

    /// <summary>Values read at the locations, and behind them the prefix tokens' own.</summary>
    /// <returns><c>[batch, location + prefix, group · width]</c>.</returns>
    private Tensor Read(HeadTensor source, Tensor locations, TokenGrid grid)
    {
        Tensor ones = Tensor.Full([source.Batch, locations.Shape[1], _groups, 1, 1], 1, locations.Device);
        Tensor read = Ops.DeformableSample(source, [new(grid.Rows, grid.Columns)], locations, ones, grid.Prefix);
        if (grid.Prefix == 0) return read;
        int width = source.Count * source.Width;
        return Ops.Concat(1, read,
            Ops.Slice(Ops.Slice(source.Tensor, 1, 0, grid.Prefix), 2, source.Part * width, width));
    }

    /// <summary>Each group's matrix for each of its heads: <c>[batch, group, ...] → [batch, head, ...]</c>.</summary>
    private Tensor OfHeads(Tensor groups)
    {
        (int batch, int rows, int columns) = (groups.Shape[0], groups.Shape[2], groups.Shape[3]);
        return Ops.Expand(groups.Reshape(batch, _groups, 1, rows, columns), batch, _groups, _context.Heads / _groups,
            rows, columns)
            .Reshape(batch, _context.Heads, rows, columns);
    }

    /// <summary>From the first position's centre to the last one's, where the bilinear weights sum to 1.</summary>
    private static Tensor Clamp(Tensor locations, TokenGrid grid)
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
