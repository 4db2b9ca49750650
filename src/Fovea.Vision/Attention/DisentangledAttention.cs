using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Disentangled;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>
/// Disentangled attention: besides content to content, tokens attend from content to relative position and from
/// relative position to content.
/// </summary>
/// <remarks><code>
/// s_ij = (q_i·k_j + q_i·pk_r + k_j·pq_r + pq_r·pk_r) / √(terms · headDim)
///         content    c2p        p2c        p2p
/// each of the last three is an option, terms counts those that are there
/// r = bucket of the position of i relative to j
/// pq, pk = query and key projection of a learned embedding per bucket
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Along one axis (the token sequence) it is DeBERTa's, clipped or in logarithmic buckets; both position terms use the
/// same r, as its code does (the paper writes the opposite sign in the last). On two axes a bucket is a pair of row and
/// column offset, and its embedding the sum of one for each; the class token has three buckets of its own: to itself,
/// to a patch, from a patch. Time O(token² · headDim + token · buckets · headDim) per head; memory O(token · buckets).
/// Mixed by a Performer, the exponential splits into exp(q·k) · α_ir · β_jr with α_ir = exp(q_i·pk_r + pq_r·pk_r) and
/// β_jr = exp(k_j·pq_r): random features for the first factor, sums per bucket for the others, exact given the features
/// and linear in the number of tokens (docs/attention.md). Source: He et al. 2021, "DeBERTa", arXiv:2006.03654, eq. 2
/// to 4.
/// </remarks>
public sealed class DisentangledAttention : Module, ILocalAttention
{
    private readonly AttentionContext _context;
    private readonly DisentangledOptions _options;
    private readonly Parameter _rows, _prefix;
    private readonly Parameter? _columns;
    private readonly Linear? _positionQuery, _positionKey;
    private readonly RandomProjection? _projection;
    private readonly float _scale;
    private Remembered? _last;   // an object, so that threads see it whole or not at all

    /// <param name="context">Sizes.</param>
    /// <param name="options">Axes, buckets and terms.</param>
    /// <param name="locality">Windows, or null.</param>
    /// <param name="performer">Random features to mix with; null: softmax.</param>
    /// <exception cref="UsageException">An option is out of range, or windows lie over other axes.</exception>
    public DisentangledAttention(AttentionContext context, DisentangledOptions options, Locality? locality = null,
        PerformerOptions? performer = null)
    {
        options.Validate();
        context.RequireNoDropout("disentangled");
        (_context, _options) = (context, options);
        Initializer init = Init.TruncatedNormal(0.02);
        _rows = Register(new Parameter("rel_embeddings", [2 * options.Span, context.Dim], init, decay: false));
        if (options.Axes == 2)
            _columns = Register(
                new Parameter("rel_embeddings_columns", [2 * options.Span, context.Dim], init, decay: false));
        _prefix = new("rel_embeddings_class", [3, context.Dim], init, decay: false);
        if (HasPrefix(context.Grid)) Register(_prefix);
        if (!options.Shared)
        {
            if (options.PositionToContent || options.PositionToPosition)
                _positionQuery = Register("pos_query_proj", new Linear(context.Dim, Width, true, init, Init.Zeros));
            if (options.ContentToPosition || options.PositionToPosition)
                _positionKey = Register("pos_key_proj", new Linear(context.Dim, Width, false, init));
        }

        if (locality is not null)
        {
            Locality = Register("", locality);
            RequireSameAxes(context.Grid);
        }

        _scale = 1 / MathF.Sqrt((1 + options.Terms) * context.HeadDim);
        if (performer is not null)
            _projection = Register("", new RandomProjection(context.HeadDim, performer with { Scale = _scale }));
    }

    internal static AttentionEntry Entry { get; } = new(
        "disentangled",
        "Content and relative position attend to each other (DeBERTa), on the grid or along the sequence; quadratic, "
            + "or linear with mix=performer.",
        [.. Locality.Options, .. DisentangledOptions.All, .. PerformerOptions.WithMix],
        (values, context) => new DisentangledAttention(
            context, DisentangledOptions.From(values), Locality.From(values, context),
            PerformerOptions.OfMix(values, context)));

    /// <inheritdoc/>
    public Locality? Locality { get; }

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid)
    {
        double tokens = grid.Tokens, buckets = Relation(grid).Buckets;
        int positions = (_options.ContentToPosition ? 1 : 0) + (_options.PositionToContent ? 1 : 0);
        return tokens * buckets * Width * positions
            + (_projection?.Macs(tokens, tokens, _context) ?? 2 * tokens * tokens * Width);
    }

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) =>
        _projection?.Exponentials(grid.Tokens, grid.Tokens, _context)
            ?? (double)grid.Tokens * grid.Tokens * _context.Heads;

    private int Width => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        TokenRelation relation = Relation(input.Grid);
        RelativeBias bias = Bias(input, relation);
        if (_projection is null) return Ops.Attention(input.Projected, _context.Heads, _scale, relation, bias);
        (Tensor? alpha, Tensor? beta) = Factors(bias, input.Projected.Shape[0], relation);
        return _projection.Mix(Part(input, 0), Part(input, 1), Part(input, 2), relation, alpha, beta);
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        TokenRelation relation = Relation(input.Grid);
        RelativeBias bias = Bias(input, relation);
        if (_projection is null)
            return Ops.AttentionProbabilities(input.Projected, _context.Heads, _scale, relation, bias);
        (Tensor? alpha, Tensor? beta) = Factors(bias, input.Projected.Shape[0], relation);
        return _projection.Weights(Part(input, 0), Part(input, 1), relation, alpha, beta);
    }

    /// <summary>Buckets (and window) of every pair of tokens.</summary>
    public TokenRelation Relation(TokenGrid grid)
    {
        (int? window, bool isSoft) = (Locality?.Window, Locality?.IsSoft == true);
        if (_last is { } last && (last.Grid, last.Window, last.IsSoft) == (grid, window, isSoft)) return last.Relation;
        TokenRelation relation = Relation(grid, window, isSoft);
        _last = new(grid, window, isSoft, relation);
        return relation;
    }

    /// <inheritdoc/>
    /// <remarks>Under a soft window buckets of positions are divided by distance, because clipped offsets share one:
    /// by each distance, or, as the cost of random features grows with the buckets, in ranges that double.</remarks>
    public TokenRelation WindowRelation(TokenGrid grid, int epoch) =>
        Relation(grid, Locality!.WindowAt(epoch), Locality.IsSoftAt(epoch));

    private TokenRelation Relation(TokenGrid grid, int? window, bool isSoft)
    {
        if (Locality is not null) RequireSameAxes(grid);
        (int prefix, int rows, int columns) = Layout(grid);
        Func<int, int[]> buckets = isSoft ? DividedBuckets : Buckets;
        return new(prefix, rows, columns, window, _options.Axes == 2 ? buckets(rows) : null, buckets(columns),
            isSoft ? null : 2 * _options.Span);
    }

    /// <summary>Prefix, rows and columns as the buckets see them.</summary>
    private (int Prefix, int Rows, int Columns) Layout(TokenGrid grid) =>
        _options.Axes == 2 ? (grid.Prefix, grid.Rows, grid.Columns)
        : HasPrefix(grid) ? (grid.Prefix, 1, grid.Patches) : (0, 1, grid.Tokens);

    private void RequireSameAxes(TokenGrid grid) => Check.That(Locality!.Layout(grid) == Layout(grid),
        "disentangled: the window must lie over the same axes; use lai=grid with axes=2, lai=sequence with axes=1 (and "
            + "class=band where cls=sequence).");

    private HeadTensor Part(AttentionInput input, int part) => new(input.Projected, _context.Heads, 3, part);

    /// <summary>
    /// α_ir = exp(c2p + p2p − its largest over r) and β_jr = exp(p2c − its largest over j and r), <c>[batch, head,
    /// token, bucket]</c>. What is subtracted cancels in the quotient, and is a constant in the backward pass.
    /// </summary>
    private (Tensor? Alpha, Tensor? Beta) Factors(RelativeBias bias, int batch, TokenRelation relation)
    {
        (int heads, int tokens, int buckets) = (_context.Heads, relation.Tokens, relation.Buckets);
        Tensor? head = bias.Head is null ? null
            : Ops.Expand(bias.Head.Reshape(1, heads, 1, buckets), batch, heads, tokens, buckets);
        Tensor? query = bias.Query is null || head is null ? bias.Query ?? head : Ops.Add(bias.Query, head);
        return (
            query is null ? null : Ops.Apply(UnaryOperator.Exp, Ops.Subtract(query, Largest(query, tokens))),
            bias.Key is null ? null : Ops.Apply(UnaryOperator.Exp, Ops.Subtract(bias.Key, Largest(bias.Key, 1))));

        Tensor Largest(Tensor x, int rows)
        {
            using IDisposable pause = Tape.Pause();
            return Ops.Max(x.Reshape(batch, heads, rows, -1), 3).Reshape(batch, heads, rows, 1);
        }
    }

    /// <summary>The position terms of the scores.</summary>
    private RelativeBias Bias(AttentionInput input, TokenRelation relation)
    {
        (int batch, int heads, int buckets) = (input.Projected.Shape[0], _context.Heads, relation.Buckets);
        (Tensor? pq, Tensor? pk) = PositionVectors(input, relation);
        Tensor? c2p = _options.ContentToPosition ? ByPosition(Part(input, 0), pk!) : null;
        Tensor? p2c = _options.PositionToContent ? ByPosition(Part(input, 1), pq!) : null;
        Tensor? p2p = _options.PositionToPosition
            ? Ops.Scale(Ops.Sum(Ops.Multiply(pq!, pk!), 2).Reshape(heads, buckets), _scale) : null;
        Tensor? penalty = Locality?.Penalty(relation);
        return new(c2p, p2c, p2p is null || penalty is null ? p2p ?? penalty : Ops.Add(p2p, penalty));

        Tensor ByPosition(HeadTensor content, Tensor position) => Ops.MatMul(
            PackedHeads.Split(content),
            Ops.Expand(position.Reshape(1, heads, buckets, _context.HeadDim), batch, heads, buckets, _context.HeadDim),
            transposeB: true, scale: _scale);
    }

    /// <summary>Query and key of every bucket, <c>[head, bucket, headDim]</c>; null where no term needs them.</summary>
    private (Tensor? Query, Tensor? Key) PositionVectors(AttentionInput input, TokenRelation relation)
    {
        Tensor embeddings = Embeddings(relation);
        if (!_options.Shared)
            return (Split(_positionQuery?.Forward(embeddings)), Split(_positionKey?.Forward(embeddings)));
        Tensor projected = input.Projection.Forward(embeddings);
        return (Split(Ops.Slice(projected, 1, 0, Width)), Split(Ops.Slice(projected, 1, Width, Width)));

        Tensor? Split(Tensor? x) => x is null ? null
            : Ops.Permute(x.Reshape(relation.Buckets, _context.Heads, _context.HeadDim), 1, 0, 2);
    }

    /// <summary>The embedding of each bucket, <c>[bucket, dim]</c>.</summary>
    private Tensor Embeddings(TokenRelation relation)
    {
        int dim = _context.Dim;
        Tensor grid = _columns is null ? Divided(_rows, relation.ColumnBuckets, relation.ColumnBucketCount)
            : Ops.Add(
                Divided(_rows, relation.RowBuckets, relation.RowBucketCount).Reshape(-1, 1, dim),
                Divided(_columns, relation.ColumnBuckets, relation.ColumnBucketCount).Reshape(1, -1, dim))
                .Reshape(-1, dim);
        return relation.Prefix == 0 ? grid : Ops.Concat(0, grid, _prefix);
    }

    /// <summary>An axis's embeddings, where a soft window has divided buckets once for each part.</summary>
    private Tensor Divided(Parameter embeddings, ReadOnlySpan<int> divided, int count)
    {
        int[] buckets = Buckets((divided.Length + 1) / 2);
        if (divided.SequenceEqual(buckets)) return embeddings;
        int[] whole = new int[count];
        for (int offset = 0; offset < buckets.Length; offset++) whole[divided[offset]] = buckets[offset];
        return Ops.Gather(embeddings, Tensor.From(whole, [count], embeddings.Value.Device));
    }

    private int[] Buckets(int size) => _options.Farthest is { } farthest
        ? RelativeBuckets.Logarithmic(size, _options.Span, farthest)
        : RelativeBuckets.Clipped(size, _options.Span);

    /// <summary><see cref="Buckets"/>, divided so that each has one distance, or one range of distances.</summary>
    private int[] DividedBuckets(int size)
    {
        int[] distances = _projection is null ? RelativeBuckets.Distance(size)
            : RelativeBuckets.DoublingDistance(size);
        List<(int, int)> parts = [.. Buckets(size).Zip(distances)];
        List<(int, int)> distinct = [.. parts.Distinct()];
        return [.. parts.Select(part => distinct.IndexOf(part))];
    }

    private bool HasPrefix(TokenGrid grid) => grid.Prefix > 0 && (_options.Axes == 2 || !_options.ClassInSequence);

    /// <summary>The relation that was asked for last.</summary>
    private sealed record Remembered(TokenGrid Grid, int? Window, bool IsSoft, TokenRelation Relation);
}
