using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Nyströmformer: the softmax matrix approximated from its rows and columns of a few landmarks, which are
/// means of segments of the sequence.</summary>
/// <remarks><code>
/// q̃, k̃ = means of segments of q, k          F = softmax(s q k̃ᵀ)   A = softmax(s q̃ k̃ᵀ)   B = softmax(s q̃ kᵀ)
/// o = F · A⁺ · (B v) + conv(v)               s = 1/√headDim
/// A⁺:  Z ← ¼ Z (13 I − A Z (15 I − A Z (7 I − A Z)))   from   Z = Aᵀ / (‖A‖₁ ‖A‖∞)
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token · landmark · headDim + iteration · landmark³) per head, extra memory O(landmark²) per head and
/// iteration: F and B are tiled, never stored. The convolution runs along the sequence, one kernel a head. Source:
/// Xiong et al. 2021, "Nyströmformer", arXiv:2102.03902, eq. 11, 13 and 14, figure 2; its code for images where
/// landmarks do not divide the tokens (the last segments have one token more) and where there are no more tokens than
/// landmarks (exact softmax). ‖A‖₁ is each head's own, as in the paper; the code takes the batch's largest, by which
/// images would see each other.
/// <para>Prefix tokens (the class token) stand first in the sequence, and segments and convolution count them
/// in.</para>
/// </remarks>
public sealed class NystromAttention : Module, IAttention
{
    private static readonly Option<int> Landmarks = Option.Of("landmarks", ValueForm.Whole(1, 1024), 64,
        "segments of the sequence whose means stand for it");

    private static readonly Option<int> Iterations = Option.Of("iterations", ValueForm.Whole(1, 100), 6,
        "steps towards the pseudo-inverse");

    private static readonly Option<int> Kernel = Option.Of("kernel", ValueForm.Whole(0, 1023), 33,
        "tokens under the convolution of the values, odd; 0: no convolution");

    private readonly AttentionContext _context;
    private readonly int _landmarks, _iterations, _kernel;
    private readonly float _scale;
    private readonly Parameter? _convolution;

    /// <param name="context">Sizes.</param>
    /// <param name="landmarks">Segments of the sequence.</param>
    /// <param name="iterations">Steps towards the pseudo-inverse.</param>
    /// <param name="kernel">Tokens under the convolution, odd; 0: there is none.</param>
    /// <exception cref="UsageException">A number out of range, or an even kernel.</exception>
    public NystromAttention(AttentionContext context, int landmarks, int iterations, int kernel)
    {
        context.RequireNoDropout("nystrom");
        _context = context;
        _landmarks = Landmarks.Check(landmarks, "nystrom");
        _iterations = Iterations.Check(iterations, "nystrom");
        _kernel = Kernel.Check(kernel, "nystrom");
        Check.That(kernel == 0 || kernel % 2 == 1,
            $"nystrom: kernel must be odd, so that it has a centre, or 0 for none, got {kernel}.");
        _scale = (float)(1 / Math.Sqrt(context.HeadDim));
        if (kernel > 0)
            _convolution = Register(new Parameter("conv.weight", [context.Heads, 1, kernel, 1],
                Init.KaimingUniform(Math.Sqrt(5))));
    }

    internal static AttentionEntry Entry { get; } = new(
        "nystrom",
        "Nyströmformer: softmax attention by way of landmarks, means of segments; linear in the number of tokens.",
        [Landmarks, Iterations, Kernel],
        (values, context) => new NystromAttention(
            context, values.Of(Landmarks), values.Of(Iterations), values.Of(Kernel)))
    {
        Main = Landmarks,
    };

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    private int Width => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid)
    {
        double tokens = grid.Tokens, landmarks = _landmarks, convolution = tokens * Width * _kernel;
        if (tokens <= landmarks) return 2 * tokens * tokens * Width + convolution;
        return 4 * tokens * landmarks * Width + 2 * landmarks * landmarks * Width
            + 4.0 * _iterations * landmarks * landmarks * landmarks * _context.Heads + convolution;
    }

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => _context.Heads * (grid.Tokens <= _landmarks
        ? (double)grid.Tokens * grid.Tokens : (2.0 * grid.Tokens + _landmarks) * _landmarks);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        Tensor qkv = input.Projected;
        int heads = _context.Heads;
        if (qkv.Shape[1] <= _landmarks) return Ops.Attention(qkv, heads, _scale);
        Tensor means = Means(qkv);
        HeadTensor queries = new(means, heads, 2), keys = queries with { Part = 1 };
        Tensor read = Ops.Attention(queries, new(qkv, heads, 3, 1), new(qkv, heads, 3, 2), _scale);
        Tensor inverse = Inverse(Softmax(PackedHeads.Split(queries), PackedHeads.Split(keys)));
        Tensor values = PackedHeads.Merge(Ops.MatMul(inverse, PackedHeads.Split(new HeadTensor(read, heads))));
        return Ops.Attention(new(qkv, heads, 3), keys, new(values, heads), _scale);
    }

    /// <summary>Adds the convolution of the values.</summary>
    /// <inheritdoc/>
    public Tensor Finish(AttentionInput input, Tensor mixed)
    {
        if (_convolution is null) return mixed;
        Tensor values = PackedHeads.Split(new HeadTensor(input.Projected, _context.Heads, 3, 2));
        Tensor border = Tensor.Zeros(values.Shape.With(2, _kernel / 2), values.Device);
        return Ops.Add(mixed, PackedHeads.Merge(
            Ops.Conv2d(Ops.Concat(2, border, values, border), _convolution, groups: _context.Heads)));
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor[] parts = PackedHeads.Split(input.Projected, 3, _context.Heads);
        if (input.Grid.Tokens <= _landmarks) return Softmax(parts[0], parts[1]);
        Tensor[] means = PackedHeads.Split(Means(input.Projected), 2, _context.Heads);
        return Ops.MatMul(Ops.MatMul(Softmax(parts[0], means[1]), Inverse(Softmax(means[0], means[1]))),
            Softmax(means[0], parts[1]));
    }

    /// <summary>Means of the segments of queries and keys, <c>[batch, landmark, 2 · head · headDim]</c>.</summary>
    private Tensor Means(Tensor qkv)
    {
        (int size, int longer) = Math.DivRem(qkv.Shape[1], _landmarks);
        int shorter = _landmarks - longer;
        Tensor vectors = Ops.Slice(qkv, 2, 0, 2 * Width), first = Of(0, shorter, size);
        return longer == 0 ? first : Ops.Concat(1, first, Of(shorter * size, longer, size + 1));

        Tensor Of(int start, int segments, int tokens) => Ops.Mean(
            Ops.Slice(vectors, 1, start, segments * tokens).Reshape(qkv.Shape[0], segments, tokens, 2 * Width), 2);
    }

    private Tensor Softmax(Tensor queries, Tensor keys) =>
        Ops.Softmax(Ops.MatMul(queries, keys, transposeB: true, scale: _scale));

    /// <summary>The pseudo-inverse of each matrix, nearly; rows of them sum to 1, so that ‖A‖∞ = 1.</summary>
    private Tensor Inverse(Tensor matrices)
    {
        (int batch, int heads, int size) = (matrices.Shape[0], matrices.Shape[1], matrices.Shape[2]);
        Tensor largest = Ops.Max(Ops.Sum(matrices, 2), 2).Reshape(batch, heads, 1, 1);
        Tensor inverse = Ops.Divide(Ops.Permute(matrices, 0, 1, 3, 2), largest);
        for (int i = 0; i < _iterations; i++)
        {
            Tensor product = Ops.MatMul(matrices, inverse), rest = Less(7, product);
            rest = Less(15, Ops.MatMul(product, rest));
            rest = Less(13, Ops.MatMul(product, rest));
            inverse = Ops.MatMul(inverse, rest, scale: 0.25f);
        }

        return inverse;

        Tensor Less(float diagonal, Tensor subtracted)
        {
            float[] values = new float[size * size];
            for (int i = 0; i < size; i++) values[i * (size + 1)] = diagonal;
            return Ops.Subtract(Tensor.From(values, [size, size], subtracted.Device), subtracted);
        }
    }
}
