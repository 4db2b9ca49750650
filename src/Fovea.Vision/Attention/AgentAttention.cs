using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Mixing;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Agent attention: a few pooled queries, the agents, attend to all keys, and all queries to the
/// agents.</summary>
/// <remarks><code>
/// a = pool(q), pool × pool means over the grid of patches
/// o = softmax(s q aᵀ + B₂) · (softmax(s a kᵀ + B₁) · v) + DWC(v)          s = 1/√headDim
/// B₁ = resize(an) + ah + aw, of the prefix tokens ac          B₂ = (resize(na) + ha + wa)ᵀ, of the prefix tokens ca
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// an, na [head, agent, 7, 7]   ah, ha [head, agent, rows]   aw, wa [head, agent, columns]
/// ac, ca [head, agent, prefix]
/// </code>
/// Time O(token · agent · headDim) per head, extra memory O(token · agent) per head. Source: Han et al. 2024, "Agent
/// Attention", arXiv:2312.08874, eq. 4 to 6; its code for DeiT for names, first values, and the class token: it is no
/// part of the pool and of the convolution, and is query and key with a bias of its own. Other prefix tokens are
/// treated likewise.
/// <para>On another grid than configured the biases of rows and columns are resized linearly, in the forward pass and
/// where weights are loaded.</para>
/// </remarks>
public sealed class AgentAttention : Module, IAttention, IGridWeights
{
    /// <summary>Rows and columns of the biases that are resized to any grid.</summary>
    private const int Coarse = 7;

    private static readonly Option<int> Pool = Option.Of("pool", ValueForm.Whole(2, 64), 7,
        "rows and columns of agents over the image");

    private static readonly Option<int> Kernel = Option.Of("kernel", ValueForm.Whole(1, 255), 3,
        "side of the convolution of the values, patches, odd");

    private readonly AttentionContext _context;
    private readonly int _pool;
    private readonly float _scale;
    private readonly Side _agents, _queries;
    private readonly GridFilter _filter;
    private readonly Dropout _dropout;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="pool">Rows and columns of agents.</param>
    /// <param name="kernel">Side of the convolution, patches; odd.</param>
    /// <exception cref="UsageException">A number out of range, or an even kernel.</exception>
    public AgentAttention(AttentionContext context, int pool, int kernel)
    {
        _context = context;
        _pool = Pool.Check(pool, "agent");
        Kernel.Check(kernel, "agent");
        Check.That(kernel % 2 == 1, $"agent: kernel must be odd, so that it has a centre, got {kernel}.");
        _scale = (float)(1 / Math.Sqrt(context.HeadDim));
        _agents = Register("", new Side(context, pool * pool, "an", "ah", "aw", "ac"));
        _queries = Register("", new Side(context, pool * pool, "na", "ha", "wa", "ca"));
        _filter = Register("", new GridFilter(Width, kernel));
        _dropout = Register("attn_drop", new Dropout(context.Dropout));
    }

    internal static AttentionEntry Entry { get; } = new(
        "agent",
        "Agent attention: pooled queries read all tokens, and all tokens read them; linear in the number of tokens.",
        [Pool, Kernel],
        (values, context) => new AgentAttention(context, values.Of(Pool), values.Of(Kernel)))
    {
        Main = Pool,
    };

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    private int Width => _context.Heads * _context.HeadDim;

    private int Agents => _pool * _pool;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) => 4.0 * grid.Tokens * Agents * Width + _filter.Macs(grid, Width);

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => 2.0 * grid.Tokens * Agents * _context.Heads;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        (Tensor read, Tensor write) = Weights(input);
        Tensor values = PackedHeads.Split(new HeadTensor(input.Projected, _context.Heads, 3, 2));
        return PackedHeads.Merge(
            Ops.MatMul(_dropout.Forward(write), Ops.MatMul(_dropout.Forward(read), values)));
    }

    /// <summary>Adds the convolution of the values.</summary>
    /// <inheritdoc/>
    public Tensor Finish(AttentionInput input, Tensor mixed) =>
        Ops.Add(mixed, _filter.Forward(new(input.Projected, 1, 3, 2), input.Grid));

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        (Tensor read, Tensor write) = Weights(input);
        return Ops.MatMul(write, read);
    }

    /// <inheritdoc/>
    public Tensor AdaptWeight(string name, Tensor value) =>
        _agents.AdaptWeight(name, _queries.AdaptWeight(name, value));

    /// <summary>Weights of the agents, <c>[batch, head, agent, token]</c>, and of the queries, <c>[batch, head, token,
    /// agent]</c>.</summary>
    private (Tensor Read, Tensor Write) Weights(AttentionInput input)
    {
        Tensor[] parts = PackedHeads.Split(input.Projected, 3, _context.Heads);
        Tensor agents = PackedHeads.Split(new HeadTensor(Pooled(input), _context.Heads));
        Tensor read = Ops.MatMul(agents, parts[1], transposeB: true, scale: _scale),
            write = Ops.MatMul(parts[0], agents, transposeB: true, scale: _scale);
        return (Ops.Softmax(Ops.Add(read, _agents.Bias(input.Grid))),
            Ops.Softmax(Ops.Add(write, Ops.Permute(_queries.Bias(input.Grid), 0, 2, 1))));
    }

    /// <summary>Means of the patches' queries, <c>[batch, agent, head · headDim]</c>.</summary>
    private Tensor Pooled(AttentionInput input)
    {
        TokenGrid grid = input.Grid;
        int batch = input.Projected.Shape[0];
        Tensor queries = Ops.Slice(Ops.Slice(input.Projected, 2, 0, Width), 1, grid.Prefix, grid.Patches);
        Tensor image = Ops.Permute(queries, 0, 2, 1).Reshape(batch, Width, grid.Rows, grid.Columns);
        Tensor pooled = Ops.AdaptiveAveragePool(image, _pool, _pool).Reshape(batch, Width, Agents);
        return Ops.Permute(pooled, 0, 2, 1);
    }

    /// <summary>The biases between agents and tokens in one direction.</summary>
    private sealed class Side : Module
    {
        private readonly AttentionContext _context;
        private readonly int _agents;
        private readonly string _rowName, _columnName;
        private readonly Parameter _coarse, _rows, _columns;
        private readonly Parameter? _prefix;

        public Side(AttentionContext context, int agents, string coarse, string rows, string columns, string prefix)
        {
            (_context, _agents, _rowName, _columnName) = (context, agents, rows + "_bias", columns + "_bias");
            _coarse = Of(coarse, Coarse, Coarse);
            _rows = Of(rows, context.Grid.Rows);
            _columns = Of(columns, context.Grid.Columns);
            if (context.Grid.Prefix > 0) _prefix = Of(prefix, context.Grid.Prefix);

            Parameter Of(string name, params ReadOnlySpan<int> sizes) => Register(new Parameter(
                name + "_bias", Shape.Create([context.Heads, agents, .. sizes]), Init.TruncatedNormal(0.02),
                decay: false));
        }

        /// <returns><c>[head, agent, token]</c>.</returns>
        public Tensor Bias(TokenGrid grid)
        {
            int heads = _context.Heads;
            Tensor coarse = Ops.Resize(_coarse.Value.Reshape(1, heads * _agents, Coarse, Coarse), grid.Rows,
                grid.Columns, Resampling.Bilinear, false).Reshape(heads, _agents, grid.Rows, grid.Columns);
            Tensor rows = Fit(_rows, grid.Rows).Reshape(heads, _agents, grid.Rows, 1),
                columns = Fit(_columns, grid.Columns).Reshape(heads, _agents, 1, grid.Columns);
            Tensor patches = Ops.Add(coarse, Ops.Add(rows, columns)).Reshape(heads, _agents, grid.Patches);
            return _prefix is null ? patches : Ops.Concat(2, _prefix, patches);
        }

        public Tensor AdaptWeight(string name, Tensor value)
        {
            if (name != _rowName && name != _columnName) return value;
            Parameter own = name == _rowName ? _rows : _columns;
            return value.Shape.Rank == 3 && value.Shape.With(2, own.Shape[2]) == own.Shape
                ? Fit(value, own.Shape[2]) : value;
        }

        private static Tensor Fit(Tensor along, int size)
        {
            (int heads, int agents, int from) = (along.Shape[0], along.Shape[1], along.Shape[2]);
            return from == size ? along
                : Ops.Resize(along.Reshape(1, heads * agents, 1, from), 1, size, Resampling.Bilinear, false)
                    .Reshape(heads, agents, size);
        }
    }
}
