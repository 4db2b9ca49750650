using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Deformable locality: attention times a window whose centre, extents and direction each head learns, and
/// which each query may shift; with softmax, or with random features in linear time.</summary>
/// <remarks><code>
/// o_i = Σ_j w_ij v_j / Σ_j w_ij          w_ij = exp(q_i·k_j / √headDim) · g(u_j − m_i)
/// u, m: places in the window's units, see window_centre, window_extent, window_angle, window_offsets
/// softmax:    g(z) = exp(−|z|²/2): q_i·k_j / √headDim + u_j·m_i − |u_j|²/2 − |m_i|²/2 is one product of vectors
///             that are 4 elements longer, so exact attention needs nothing else
/// performer:  g(z) = cos²ᴷ(z₁ / √(2K)) · cos²ᴷ(z₂ / √(2K)) = ψ(m)·ψ(u), exactly; the products of content and place
///             features are features of w:  o_i ∝ Σ_r ψ_r(m_i) φ(q_i)ᵀ Σ_j φ(k_j) ψ_r(u_j) v_jᵀ
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Tokens before the patches have no place: their weights, and those that they give, are not windowed. Softmax: time
/// O(token² · headDim) per head, extra memory O(token). Performer: O(token · feature · headDim · (2K + 1)²), extra
/// memory O(token · headDim · (2K + 1)²): (2K + 1)² times a Performer; and extents that are not below a share of the
/// image, which falls with K. Source: the Gaussian bias of Yang et al. 2018, "Modeling Localness for Self-Attention
/// Networks", arXiv:1810.10182, whose centre is the query's choice, here in two dimensions and with extents and a
/// direction that heads learn; the window in FAVOR+ is this library's, docs/attention.md derives it.
/// </remarks>
public sealed class GaussianAttention : Module, IAttention
{
    private const double LeastExtent = 0.5;   // patches

    private static readonly Option<double?> Extent = Option.Maybe("extent", ValueForm.Real(Interval.Positive),
        "first extents of the window, patches", "a quarter of the longer side");

    private static readonly Option<double?> Reach = Option.Maybe("reach", ValueForm.Real(Interval.Positive),
        "farthest that a window's centre moves along an axis, patches", "a quarter of the longer side");

    private static readonly Option<bool> Offsets = Option.Of("offsets", ValueForm.Flag(), true,
        "each query moves the centre");

    private static readonly Option<bool> Turns = Option.Of("rotate", ValueForm.Flag(), false,
        "windows have a learned direction");

    private static readonly Option<int> Waves = Option.Of("waves", ValueForm.Whole(1, 32), 2,
        "with mix=performer: waves of the window along an axis; more allow smaller windows");

    private readonly AttentionContext _context;
    private readonly WindowForm _form;
    private readonly LearnedWindow _window;
    private readonly RandomProjection? _projection;
    private readonly PerformerOptions? _performer;
    private readonly CosineWindow _waves;

    private GaussianAttention(OptionValues values, AttentionContext context)
    {
        context.RequireNoDropout("gaussian");
        _context = context;
        _performer = PerformerOptions.OfMix(values, context);
        Check.That(_performer is not null || !values.Has(Waves), "gaussian: option 'waves' needs 'mix=performer'.");
        int side = context.PositionGrid ?? Math.Max(context.Grid.Rows, context.Grid.Columns);
        double quarter = Math.Max(1, side / 4.0);
        _form = new(values.Of(Extent) ?? quarter, values.Of(Reach) ?? quarter, values.Of(Turns), values.Of(Offsets));
        _waves = new(values.Of(Waves));
        _window = Register("", new LearnedWindow(context, _form, Floor(context.Grid)));
        if (_performer is not null)
            _projection = Register("", new RandomProjection(context.HeadDim, _performer));
    }

    internal static AttentionEntry Entry { get; } = new(
        "gaussian",
        "Deformable locality: each head learns a window's centre, extents and direction, and queries move it.",
        [.. PerformerOptions.WithMix, Extent, Reach, Offsets, Turns, Waves],
        (values, context) => new GaussianAttention(values, context));

    /// <summary>True for this mechanism: what its options leave open is taken from the grid of patches.</summary>
    internal static bool FollowsGrid(AttentionSpec spec) => spec.Name == Entry.Name;

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid)
    {
        double tokens = grid.Tokens, places = _form.Offsets ? 2.0 * tokens * _context.Dim * _context.Heads : 0;
        if (_performer is null)
            return places + 2 * tokens * tokens * _context.Heads * (_context.HeadDim + 4);
        double features = PlaceFeatures(grid), content = _performer.Features, values = _context.HeadDim + 1;
        return places + tokens * _context.Heads
            * (2 * content * _context.HeadDim + 2 * features * values * (content + 1));
    }

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => _performer is null
        ? (double)grid.Tokens * grid.Tokens * _context.Heads : 2.0 * grid.Tokens * _context.Heads * _performer.Features;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input) => _projection is null ? MixExactly(input) : MixFeatures(input);

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        if (_projection is null)
        {
            (Tensor readers, Tensor sources) = Extended(input);
            return Ops.Softmax(Ops.MatMul(Ops.Permute(readers, 0, 2, 1, 3), Ops.Permute(sources, 0, 2, 1, 3),
                transposeB: true));
        }

        (Tensor queries, Tensor keys) = _projection.Features(Part(input, 0), Part(input, 1));
        (Tensor looks, Tensor lies) = Places(input);
        Tensor windows = Ops.MatMul(Repeated(looks, queries.Shape[0]), Repeated(lies, queries.Shape[0]),
            transposeB: true);
        Tensor weights = Ops.Multiply(Ops.MatMul(queries, keys, transposeB: true), windows);
        Tensor sums = Ops.Sum(weights, 3);
        return Ops.Divide(weights, sums.Reshape(sums.Shape[0], sums.Shape[1], sums.Shape[2], 1));
    }

    private HeadTensor Part(AttentionInput input, int part) => new(input.Projected, _context.Heads, 3, part);

    /// <summary>Smallest extents: what features can hold, or half a patch.</summary>
    private (double X, double Y) Floor(TokenGrid grid) =>
        _performer is null ? (LeastExtent, LeastExtent) : _waves.Floor(grid, _form);

    private Tensor MixExactly(AttentionInput input)
    {
        (int heads, int headDim) = (_context.Heads, _context.HeadDim);
        (Tensor readers, Tensor sources) = Extended(input);
        (int batch, int tokens, int width) = (readers.Shape[0], readers.Shape[1], readers.Shape[3]);
        // values of the same width; what is 0 stays 0
        Tensor values = Ops.Concat(3, Vectors(input, 2),
            Tensor.Zeros([batch, tokens, heads, width - headDim], readers.Device));
        Tensor mixed = Ops.Attention(Packed(readers), Packed(sources), Packed(values), scale: 1);
        return Ops.Slice(mixed.Reshape(batch, tokens, heads, width), 3, 0, headDim)
            .Reshape(batch, tokens, heads * headDim);

        HeadTensor Packed(Tensor vectors) => new(vectors.Reshape(batch, tokens, heads * width), heads);
    }

    /// <summary>Queries (scaled) and keys with the window's share of their product, <c>[batch, token, head, headDim +
    /// 4]</c>.</summary>
    private (Tensor Queries, Tensor Keys) Extended(AttentionInput input)
    {
        (Tensor looks, Tensor lies, Tensor patches) = _window.Places(input, Floor(input.Grid));
        Tensor queries = Ops.Scale(Vectors(input, 0), 1 / MathF.Sqrt(_context.HeadDim)), keys = Vectors(input, 1);
        return (Joined(queries, looks, patches, HalfSquare(looks, patches)),
            Joined(keys, lies, HalfSquare(lies, patches), patches));

        Tensor HalfSquare(Tensor places, Tensor patches)
        {
            Tensor squares = Ops.Multiply(Ops.Multiply(places, places), patches);
            return Ops.Scale(Ops.Add(Ops.Slice(squares, 3, 0, 1), Ops.Slice(squares, 3, 1, 1)), -0.5f);
        }

        Tensor Joined(Tensor vectors, params Tensor[] parts) => Ops.Concat(3,
            [vectors, .. parts.Select(part => Ops.Expand(part, vectors.Shape[0], vectors.Shape[1], vectors.Shape[2],
                part.Shape[3]))]);
    }

    /// <summary>Queries, keys or values, <c>[batch, token, head, headDim]</c>.</summary>
    private Tensor Vectors(AttentionInput input, int part)
    {
        int width = _context.Heads * _context.HeadDim;
        return Ops.Slice(input.Projected, 2, part * width, width)
            .Reshape(input.Projected.Shape[0], input.Projected.Shape[1], _context.Heads, _context.HeadDim);
    }

    private Tensor MixFeatures(AttentionInput input)
    {
        _projection!.CountStep();
        (Tensor queries, Tensor keys) = _projection.Features(Part(input, 0), Part(input, 1));
        (Tensor looks, Tensor lies) = Places(input);
        (int batch, int heads, int tokens, int places, int width) = (queries.Shape[0], queries.Shape[1],
            queries.Shape[2], lies.Shape[3], _context.HeadDim + 1);
        Tensor values = PackedHeads.Split(Part(input, 2));
        // weights are summed by a value of 1, made of one so that it has its shape
        Tensor one = Tensor.From([1f], [1, 1, 1, 1], values.Device);
        values = Ops.Concat(3, values, Ops.Add(Ops.Scale(Ops.Slice(values, 3, 0, 1), 0), one));
        Tensor spread = Ops.Multiply(lies.Reshape(lies.Shape[0], heads, tokens, places, 1),
            values.Reshape(batch, heads, tokens, 1, width)).Reshape(batch, heads, tokens, places * width);
        Tensor read = Ops.MatMul(queries, Ops.MatMul(keys, spread, transposeA: true));
        Tensor sums = Ops.Sum(Ops.Multiply(read.Reshape(batch, heads, tokens, places, width),
            looks.Reshape(looks.Shape[0], heads, tokens, places, 1)), 3).Reshape(batch, heads, tokens, width);
        return PackedHeads.Merge(Ops.Divide(Ops.Slice(sums, 3, 0, width - 1), Ops.Slice(sums, 3, width - 1, 1)));
    }

    /// <summary>Features of where queries look and where keys lie, <c>[1 or batch, head, token, feature]</c>. Two more
    /// give all pairs with a token before the patches the weight 1.</summary>
    private (Tensor Queries, Tensor Keys) Places(AttentionInput input)
    {
        (Tensor looks, Tensor lies, Tensor patches) = _window.Places(input, Floor(input.Grid));
        Tensor queries = _waves.Of(looks), keys = _waves.Of(lies);
        if (input.Grid.Prefix == 0) return (queries, keys);
        int tokens = input.Grid.Tokens;
        Tensor isPatch = patches.Reshape(1, 1, tokens, 1), one = Known(_ => 1),
            isPrefix = Known(token => token < input.Grid.Prefix ? 1 : 0);
        return (With(queries, isPatch, isPrefix), With(keys, isPrefix, one));

        Tensor With(Tensor features, Tensor first, Tensor second)
        {
            Tensor none = Ops.Scale(Ops.Slice(features, 3, 0, 1), 0);
            return Ops.Concat(3, Ops.Multiply(features, isPatch), Ops.Add(none, first), Ops.Add(none, second));
        }

        Tensor Known(Func<int, float> of) => Tensor.From([.. Enumerable.Range(0, tokens).Select(of)],
            [1, 1, tokens, 1], patches.Device);
    }

    private int PlaceFeatures(TokenGrid grid) => _waves.Features + (grid.Prefix > 0 ? 2 : 0);

    private static Tensor Repeated(Tensor features, int batch) =>
        Ops.Expand(features, batch, features.Shape[1], features.Shape[2], features.Shape[3]);
}
