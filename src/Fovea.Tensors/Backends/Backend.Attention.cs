namespace Fovea.Tensors;

/// <content>Attention that looks at every visible pair of tokens, without ever storing all pairs.</content>
public abstract partial class Backend
{
    /// <summary>
    /// Softmax attention: y_i = Σ_j softmax_j(s_ij) v_j with the scores of <see cref="AttentionArguments"/>; <c>y
    /// [batch, query, head, headDim]</c>; <c>logSums [batch, head, query]</c> receives log Σ_j exp(s_ij).
    /// </summary>
    public abstract void Attention(in AttentionArguments arguments, Storage y, Storage logSums);

    /// <summary>Gradients of <see cref="Attention"/>, the probabilities recomputed from <c>logSums</c>.</summary>
    public abstract void AttentionBackward(
        in AttentionArguments arguments, Storage y, Storage logSums, Storage dy, in AttentionGradients gradients);

    /// <summary>
    /// Doubly stochastic attention (Sander et al. 2022, arXiv:2110.11773): y_i = Σ_j exp(s_ij + u_i + v_j) v_j. From v
    /// = 0, the potentials are made in turns: u_i = −log Σ_j exp(s_ij + v_j), then v_j = −log Σ_i exp(s_ij + u_i),
    /// <paramref name="iterations"/> (odd) in all, the last one u. <c>potentials [batch, head, iteration, token]</c>
    /// receives them.
    /// </summary>
    public abstract void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials);

    /// <summary>Gradients of <see cref="SinkhornAttention"/>, through all iterations, the scores recomputed.</summary>
    public abstract void SinkhornAttentionBackward(
        in AttentionArguments arguments, int iterations, Storage y, Storage potentials, Storage dy,
        in AttentionGradients gradients);
}

/// <summary>
/// Sizes, inputs and scores of exact attention:
/// <c>s_ij = Scale · q_i·k_j + QueryBias[i, r] + KeyBias[j, r] + HeadBias[r]</c> with r = Relation.Bucket(i, j), and −∞
/// where the relation hides j from i.
/// </summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Queries">Tokens that look.</param>
/// <param name="Keys">Tokens that are looked at; equal to <paramref name="Queries"/> with a relation.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Elements of a head's query.</param>
/// <param name="Scale">Factor of q·k, usually 1/√headDim.</param>
/// <param name="Q">Queries.</param>
/// <param name="K">Keys.</param>
/// <param name="V">Values.</param>
/// <param name="Relation">Windows and buckets of relative positions, or null.</param>
/// <param name="QueryBias"><c>[batch, head, query, bucket]</c>, or null.</param>
/// <param name="KeyBias"><c>[batch, head, key, bucket]</c>, or null.</param>
/// <param name="HeadBias"><c>[head, bucket]</c>, or null.</param>
public readonly record struct AttentionArguments(
    int Batch, int Queries, int Keys, int Heads, int HeadDim, float Scale, HeadView Q, HeadView K, HeadView V,
    TokenRelation? Relation = null, Storage? QueryBias = null, Storage? KeyBias = null, Storage? HeadBias = null)
{
    /// <summary>Whether scores have a bias.</summary>
    internal bool HasBias => QueryBias is not null || KeyBias is not null || HeadBias is not null;
}

/// <summary>Destinations of the gradients of exact attention; those of the biases overwrite, and are null where nobody
/// wants them.</summary>
/// <param name="Q">Of the queries.</param>
/// <param name="K">Of the keys.</param>
/// <param name="V">Of the values.</param>
/// <param name="QueryBias"><c>[batch, head, query, bucket]</c>.</param>
/// <param name="KeyBias"><c>[batch, head, key, bucket]</c>.</param>
/// <param name="HeadBias"><c>[batch, head, bucket]</c>: of each sequence alone, to be summed over the batch.</param>
public readonly record struct AttentionGradients(
    HeadGradient Q, HeadGradient K, HeadGradient V, Storage? QueryBias = null, Storage? KeyBias = null,
    Storage? HeadBias = null);
