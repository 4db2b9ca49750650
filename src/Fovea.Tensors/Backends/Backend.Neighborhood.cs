namespace Fovea.Tensors;

/// <summary>Sizes and inputs of <see cref="Backend.NeighborhoodAttention"/>.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Prefix">Tokens before the grid: all positions see them; they are no queries here.</param>
/// <param name="Grid">The grid of tokens.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Elements of a head's query.</param>
/// <param name="Scale">Factor of q·k.</param>
/// <param name="Neighborhood">Which positions a position sees.</param>
/// <param name="Q">Queries of all tokens.</param>
/// <param name="K">Keys of all tokens.</param>
/// <param name="V">Values of all tokens.</param>
public readonly record struct NeighborhoodArguments(
    int Batch, int Prefix, GridLevel Grid, int Heads, int HeadDim, float Scale, Neighborhood Neighborhood, HeadView Q,
    HeadView K, HeadView V)
{
    /// <summary>Tokens of a sequence.</summary>
    public int Tokens => Prefix + Grid.Count;
}

/// <content>Attention of each position of a grid over its neighbours.</content>
public abstract partial class Backend
{
    /// <summary>
    /// y_i = Σ_j softmax_j(scale · q_i·k_j) v_j over the tokens j before the grid and the neighbours of position i;
    /// <c>y [batch, position, head, headDim]</c>; <c>logSums [batch, head, position]</c> receives log Σ_j exp(scale ·
    /// q_i·k_j).
    /// </summary>
    public abstract void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums);

    /// <summary>Gradients of <see cref="NeighborhoodAttention"/>, the weights recomputed from <c>logSums</c>; 0 for the
    /// queries before the grid.</summary>
    public abstract void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv);
}
