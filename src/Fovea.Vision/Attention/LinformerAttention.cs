using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Mixing;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Linformer: softmax attention over a few mixtures of all keys and of all values, which are
/// learned.</summary>
/// <remarks><code>
/// o = softmax(q (E k)ᵀ / √headDim) · (F v)          E, F [rank, token], the same for all heads
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token · rank · headDim) per head; scores are tiled unless probabilities drop. Source: Wang et al. 2020,
/// "Linformer", arXiv:2006.04768, eq. 7, with the projections shared by the heads of a block ("headwise sharing"), or
/// by keys and values too ("key-value sharing"); first values uniform in ±1/√rank, as in the code that Vision Xformers
/// (arXiv:2107.02239) use.
/// <para>
/// E and F have a column for each token: their number is fixed by the configured image. Prefix tokens (the class token)
/// have columns of their own. For images of another size the patches' columns are resized as images are, bilinearly,
/// and multiplied by patches configured / patches, so that their sums stay; in the forward pass and where weights are
/// loaded.
/// </para>
/// </remarks>
public sealed class LinformerAttention : Module, IAttention, IGridWeights
{
    private static readonly Option<int> Rank = Option.Of("rank", ValueForm.Whole(1, 4096), 64,
        "mixtures that stand for all tokens");

    private static readonly Option<bool> Shared = Option.Of("shared", ValueForm.Flag(), false,
        "keys and values are mixed alike");

    private readonly AttentionContext _context;
    private readonly Parameter _keys, _values;
    private readonly KeyMixing _mixing;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="rank">Mixtures of keys, and of values.</param>
    /// <param name="shared">Keys and values are mixed alike.</param>
    /// <exception cref="UsageException">The rank is out of range.</exception>
    public LinformerAttention(AttentionContext context, int rank, bool shared)
    {
        _context = context;
        Rank.Check(rank, "linformer");
        _keys = Register(new Parameter("proj_k", [rank, context.Grid.Tokens], Init.Uniform(1 / Math.Sqrt(rank))));
        _values = shared ? _keys
            : Register(new Parameter("proj_v", [rank, context.Grid.Tokens], Init.Uniform(1 / Math.Sqrt(rank))));
        _mixing = Register("", KeyMixing.Create(context, null));
    }

    internal static AttentionEntry Entry { get; } = new(
        "linformer",
        "Linformer: softmax attention over learned mixtures of all keys and values; linear in the number of tokens.",
        [Rank, Shared],
        (values, context) => new LinformerAttention(context, values.Of(Rank), values.Of(Shared)))
    {
        Main = Rank,
    };

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    private int Width => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) =>
        2.0 * grid.Tokens * _keys.Shape[0] * Width + _mixing.Macs(grid.Tokens, _keys.Shape[0]);

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => _mixing.Exponentials(grid.Tokens, _keys.Shape[0]);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input) => _mixing.Forward(
        new(input.Projected, _context.Heads, 3), Mixtures(input, 1, _keys), Mixtures(input, 2, _values));

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor weights = _mixing.Weights(new(input.Projected, _context.Heads, 3), Mixtures(input, 1, _keys));
        return Ops.MatMul(weights, Fit(_values, _context.Grid, input.Grid));
    }

    /// <inheritdoc/>
    public Tensor AdaptWeight(string name, Tensor value)
    {
        if (name is not ("proj_k" or "proj_v") || value.Shape.Rank != 2 || value.Shape == _keys.Shape) return value;
        int prefix = _context.Grid.Prefix, side = (int)Math.Round(Math.Sqrt(Math.Max(0, value.Shape[1] - prefix)));
        return side > 0 && prefix + side * side == value.Shape[1]
            ? Fit(value, new(prefix, side, side), _context.Grid) : value;
    }

    /// <summary>E k or F v, <c>[batch, rank, head · headDim]</c>.</summary>
    private HeadTensor Mixtures(AttentionInput input, int part, Parameter weights)
    {
        Tensor vectors = Ops.Permute(Ops.Slice(input.Projected, 2, part * Width, Width), 0, 2, 1);
        return new(Ops.Permute(Ops.Linear(vectors, Fit(weights, _context.Grid, input.Grid)), 0, 2, 1), _context.Heads);
    }

    private static Tensor Fit(Tensor weights, TokenGrid from, TokenGrid to)
    {
        if ((from.Rows, from.Columns) == (to.Rows, to.Columns)) return weights;
        int rank = weights.Shape[0];
        Tensor image = Ops.Slice(weights, 1, from.Prefix, from.Patches).Reshape(1, rank, from.Rows, from.Columns);
        Tensor patches = Ops.Scale(Ops.Resize(image, to.Rows, to.Columns, Resampling.Bilinear, false)
            .Reshape(rank, to.Patches), (float)from.Patches / to.Patches);
        return from.Prefix == 0 ? patches : Ops.Concat(1, Ops.Slice(weights, 1, 0, from.Prefix), patches);
    }
}
