using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>
/// Input projection <c>qkv</c>, a mechanism, output projection <c>proj</c>: <c>[batch, token, dim] → [batch, token,
/// dim]</c>. Between projection and mechanism, queries and keys may be normed head by head (<c>q_norm</c>,
/// <c>k_norm</c>; Dehghani et al. 2023, arXiv:2302.05442, section 2.2) and rotated, in this order; a position bias of
/// the scores is the mechanism's to add. Behind the mechanism its result may be gated (<c>gate</c>, see
/// <see cref="AttentionGate"/>). Where keys have no bias, those of queries and values are <c>q_bias</c> and
/// <c>v_bias</c>, as in BEiT and DINOv3: a bias of the keys adds the same to all scores of a query, and softmax does
/// not see it.
/// </summary>
public sealed class AttentionLayer : Module
{
    private readonly Dropout _dropout;
    private readonly AttentionContext _context;
    private readonly RowNorm? _queryNorm, _keyNorm;
    private readonly IRotation? _rotation;
    private readonly IPositionBias? _bias;
    private readonly Parameter? _queryBias, _valueBias;

    /// <param name="mechanism">The attention mechanism.</param>
    /// <param name="context">What the mechanism was built with.</param>
    /// <param name="qkvBias">Bias in the input projection.</param>
    /// <param name="projectionBias">Bias in the output projection.</param>
    /// <param name="dropout">Share of zeroed elements behind the output projection, at least 0 and below 1.</param>
    /// <param name="weightInit">First weights of the projections.</param>
    /// <param name="biasInit">First biases of the projections.</param>
    /// <param name="position">Positions, of which those inside attention count here; null: none.</param>
    /// <param name="queryKeyNorm">Makes the norm of queries, and that of keys, of so many elements; null: there is
    /// none.</param>
    /// <param name="gate">Gate before the output projection.</param>
    /// <param name="keyBias">Where the input projection has a bias, keys have one too; it counts where the mechanism
    /// takes packed queries, keys and values.</param>
    /// <exception cref="UsageException">The mechanism takes no such position or norm.</exception>
    public AttentionLayer(
        IAttention mechanism, AttentionContext context, bool qkvBias, bool projectionBias, float dropout,
        Initializer weightInit, Initializer biasInit, PositionList? position = null,
        Func<int, RowNorm>? queryKeyNorm = null, AttentionGate gate = AttentionGate.None, bool keyBias = true)
    {
        int width = context.Heads * context.HeadDim;
        bool isApart = qkvBias && !keyBias && mechanism.ProjectedWidth == 3 * width;
        Mechanism = mechanism;
        _context = context;
        Qkv = Register("qkv", new Linear(context.Dim, mechanism.ProjectedWidth, qkvBias && !isApart, weightInit,
            biasInit));
        if (isApart)
        {
            _queryBias = Register(new Parameter("q_bias", [width], biasInit, decay: false));
            _valueBias = Register(new Parameter("v_bias", [width], biasInit, decay: false));
        }

        if (mechanism is Module module) Register("", module);
        Proj = Register("proj",
            new Linear(width, context.Dim, projectionBias, weightInit, biasInit));
        if (gate != AttentionGate.None)
            Gate = Register("gate", new Linear(context.Dim,
                gate == AttentionGate.Head ? context.Heads : width, false, weightInit,
                biasInit));
        _dropout = Register("proj_drop", new Dropout(dropout));
        if (queryKeyNorm is not null)
        {
            Require(AttentionParts.QueryKeyNorm, "qk-norm", "it has no packed queries and keys to norm");
            _queryNorm = Register("q_norm", queryKeyNorm(context.HeadDim));
            _keyNorm = Register("k_norm", queryKeyNorm(context.HeadDim));
        }

        if (position?.Has(PositionKind.Rope) == true || position?.Has(PositionKind.RopeMixed) == true)
        {
            Require(AttentionParts.Rotation, "position",
                "'rope' and 'ropemixed' rotate queries and keys, and its weights are no function of their products "
                    + "alone");
            _rotation = position.Has(PositionKind.Rope) ? new RotaryPosition(context.HeadDim)
                : Register("", new MixedRotaryPosition(context.Heads, context.HeadDim));
        }

        if (position?.Has(PositionKind.Relative) != true && position?.Has(PositionKind.Alibi) != true) return;
        Require(AttentionParts.Bias, "position", "'relative' and 'alibi' are a bias of the scores, which "
            + $"{Taking(AttentionParts.Bias)} take, without a window or dropout of attention, and with odd iterations");
        if (position.Has(PositionKind.Alibi)) _bias = new AlibiPosition(context.Heads);
        else _bias = Register("", new RelativePosition(context.Grid, context.Heads));
    }

    /// <summary>The attention mechanism.</summary>
    public IAttention Mechanism { get; }

    /// <summary>Input projection.</summary>
    public Linear Qkv { get; }

    /// <summary>Output projection.</summary>
    public Linear Proj { get; }

    /// <summary>Projection of the tokens to the gates of heads or elements; null: there are none.</summary>
    public Linear? Gate { get; }

    /// <summary>A weight of another layer as this one takes it: tables of position biases and parameters of the
    /// mechanism resampled to this grid; of a packed projection what the mechanism has.</summary>
    /// <param name="part">Name inside the layer, without its ending.</param>
    /// <param name="value">The other layer's values.</param>
    internal Tensor Adapt(string part, Tensor value) => part switch
    {
        "qkv" => AdaptProjection(value),
        "relative_position_bias_table" when _bias is RelativePosition bias => bias.AdaptWeight(value),
        _ => (Mechanism as IGridWeights)?.AdaptWeight(part, value) ?? value,
    };

    /// <summary>A packed projection's weight or bias as the mechanism takes it: the values' third where it has neither
    /// queries nor keys; else all of it.</summary>
    private Tensor AdaptProjection(Tensor packed)
    {
        int width = Mechanism.ProjectedWidth;
        return width == Proj.Weight.Shape[1] && packed.Shape.Rank > 0 && packed.Shape[0] == 3 * width
            ? Ops.Slice(packed, 0, 2 * width, width) : packed;
    }

    /// <summary>Attention over norm(x) (+ residual), the norm folded into the input projection.</summary>
    /// <param name="norm">Norm of the input.</param>
    /// <param name="x"><c>[batch, token, dim]</c>.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="residual">Added to the result, or null.</param>
    /// <param name="recorder">Hears what is attended to, or null.</param>
    /// <returns><c>[batch, token, dim]</c>.</returns>
    public Tensor Forward(RowNorm norm, Tensor x, TokenGrid grid, Tensor? residual = null,
        IAttentionRecorder? recorder = null)
    {
        AttentionInput input = new(Prepared(Project(norm, x), grid), grid, Qkv, norm, x,
            _bias?.Of(grid, x.Device));
        Tensor mixed = Mechanism.Forward(input);
        mixed = recorder?.Record(Mechanism, input, mixed) ?? mixed;
        mixed = Gated(input, Mechanism.Finish(input, mixed));
        mixed = recorder?.RecordHeads(_context.Block, mixed) ?? mixed;
        if (!_dropout.IsActive) return Proj.Forward(mixed, residual);
        Tensor y = _dropout.Forward(Proj.Forward(mixed));
        return residual is null ? y : Ops.Add(residual, y);
    }

    private Tensor Project(RowNorm norm, Tensor x) => _queryBias is { } query && _valueBias is { } value
        ? Qkv.Forward(norm, x, Ops.Concat(0, query, Tensor.Zeros(query.Shape, x.Device), value))
        : Qkv.Forward(norm, x);

    /// <summary>Packed queries, keys and values, the first two normed and rotated.</summary>
    private Tensor Prepared(Tensor packed, TokenGrid grid) => _queryNorm is null && _rotation is null ? packed
        : Ops.PrepareHeads(packed, _context.Heads, _queryNorm?.OfHeads, _keyNorm?.OfHeads,
            _rotation?.Tables(grid, packed.Device));

    /// <summary>mixed ⊙ σ(gate), head by head or element by element.</summary>
    private Tensor Gated(AttentionInput input, Tensor mixed)
    {
        if (Gate is null) return mixed;
        Tensor gates = Ops.Apply(UnaryOperator.Sigmoid, input.Project(Gate));
        if (gates.Shape == mixed.Shape) return Ops.Multiply(mixed, gates);
        (int batch, int tokens, int heads) = (mixed.Shape[0], mixed.Shape[1], _context.Heads);
        return Ops.Multiply(mixed.Reshape(batch, tokens, heads, -1), gates.Reshape(batch, tokens, heads, 1))
            .Reshape(batch, tokens, -1);
    }

    /// <summary>Names of the mechanisms that take a change of their input when nothing is set.</summary>
    private string Taking(AttentionParts part) => string.Join(", ", AttentionCatalogue.All.Where(entry =>
    {
        try
        {
            return AttentionCatalogue.Create(entry.Name, _context with { Dropout = 0 }).Takes.HasFlag(part);
        }
        catch (FoveaException)
        {
            return false;   // not for these sizes
        }
    }).Select(entry => entry.Name));

    private void Require(AttentionParts part, string field, string reason)
    {
        if (Mechanism.Takes.HasFlag(part)) return;
        throw new UsageException($"attention '{_context.Mechanism}' does not go with it: {reason}.") { Field = field };
    }
}
