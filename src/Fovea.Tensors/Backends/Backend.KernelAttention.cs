namespace Fovea.Tensors;

/// <summary>Inputs and sizes of kernel attention; see <see cref="Backend.KernelAttention"/>.</summary>
/// <param name="Queries">Vectors <c>[batch, query, head, feature]</c>, before f.</param>
/// <param name="Keys">Vectors <c>[batch, key, head, feature]</c>, before f.</param>
/// <param name="Values">Vectors <c>[batch, key, head, headDim]</c>.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Heads">Heads.</param>
/// <param name="QueryCount">Queries of a sequence.</param>
/// <param name="KeyCount">Keys of a sequence; with a relation as many as queries.</param>
/// <param name="Features">Elements of a query and of a key.</param>
/// <param name="HeadDim">Elements of a value.</param>
/// <param name="Map">Which f.</param>
/// <param name="Epsilon">Added to the normaliser; 0: nothing is.</param>
/// <param name="Relation">Which keys a query sees and in which buckets they fall; null: all of them, in one
/// bucket.</param>
/// <param name="QueryWeights">α <c>[batch, head, query, bucket]</c>, or null for 1; null without a relation.</param>
/// <param name="KeyWeights">β <c>[batch, head, key, bucket]</c>, or null for 1; null without a relation.</param>
public readonly record struct KernelAttentionArguments(
    HeadView Queries, HeadView Keys, HeadView Values, int Batch, int Heads, int QueryCount, int KeyCount, int Features,
    int HeadDim,
    FeatureMap Map, float Epsilon = 0, TokenRelation? Relation = null, Storage? QueryWeights = null,
    Storage? KeyWeights = null);

/// <summary>Destinations of the gradients of kernel attention.</summary>
/// <param name="Queries">Of the queries, before f.</param>
/// <param name="Keys">Of the keys, before f.</param>
/// <param name="Values">Of the values.</param>
/// <param name="QueryWeights">Of α; null where nobody wants it.</param>
/// <param name="KeyWeights">Of β; null where nobody wants it.</param>
public readonly record struct KernelAttentionGradients(
    HeadGradient Queries, HeadGradient Keys, HeadGradient Values,
    Target? QueryWeights = null, Target? KeyWeights = null);

/// <summary>Inputs and sizes of random features; see <see cref="Backend.RandomFeatures"/>.</summary>
/// <param name="X">Vectors <c>[batch, token, head, headDim]</c>.</param>
/// <param name="Projection">P <c>[feature, headDim]</c>; gets no gradient.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Tokens">Tokens of a sequence.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Elements of a vector.</param>
/// <param name="Features">Features of a vector.</param>
/// <param name="Kernel">Which features.</param>
/// <param name="Scale">s, the factor of x; √ of the factor that q·k has in softmax attention, so usually
/// headDim^(−1/4).</param>
/// <param name="Stabilizer">ε, added to every feature.</param>
/// <param name="SharedMaximum">The maximum is taken over the tokens, too: for keys, where a factor of its own for each
/// would not cancel.</param>
public readonly record struct RandomFeaturesArguments(
    HeadView X, Storage Projection, int Batch, int Tokens, int Heads, int HeadDim, int Features,
    FeatureKernel Kernel, float Scale, float Stabilizer, bool SharedMaximum);

public abstract partial class Backend
{
    /// <summary>
    /// Attention whose weights are products of features, linear in the number of tokens. With a_i = f(q_i) and b_j =
    /// f(k_j), y_i = n_i / z_i and [n_i, z_i] = Σ_r α_ir · (Σ over visible j in bucket r of β_jr (a_i·b_j) [v_j, 1]), ε
    /// added to z_i. <c>y [batch, query, head, headDim]</c>; <c>normalizers [batch, head, query]</c> receives z.
    /// </summary>
    public abstract void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers);

    /// <summary>Gradients of <see cref="KernelAttention"/>; the parts they go to must not overlap.</summary>
    public abstract void KernelAttentionBackward(
        in KernelAttentionArguments arguments, Storage y, Storage normalizers, Storage dy,
        in KernelAttentionGradients gradients);

    /// <summary>
    /// Random features <c>[batch, token, head, feature]</c> (Choromanski et al. 2021, arXiv:2009.14794), with u = s·x
    /// and m features: softmax: m^(−1/2) (exp(Pu − |u|²/2 − max) + ε), relu: relu(m^(−1/2) Pu) + ε. The maximum is that
    /// of Pu: of one vector, or of all tokens of a sequence and head.
    /// </summary>
    public abstract void RandomFeatures(in RandomFeaturesArguments arguments, Storage features);

    /// <summary>Gradient of <see cref="RandomFeatures"/> with respect to x, from its result. The maximum counts as a
    /// constant, as published.</summary>
    public abstract void RandomFeaturesBackward(in RandomFeaturesArguments arguments, Storage features,
        Storage dfeatures, in HeadGradient dx);
}
