namespace Fovea.Tensors;

/// <summary>Sizes and inputs of <see cref="Backend.DeltaRule"/>.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Scan">Order of the tokens.</param>
/// <param name="Heads">Heads.</param>
/// <param name="KeyDim">Elements of a head's query and key.</param>
/// <param name="ValueDim">Elements of a head's value.</param>
/// <param name="Q">Queries.</param>
/// <param name="K">Keys.</param>
/// <param name="V">Values.</param>
/// <param name="Decay">log α, <c>[batch, token, walk, head]</c>.</param>
/// <param name="Strength">β, <c>[batch, token, walk, head]</c>.</param>
public readonly record struct DeltaRuleArguments(
    int Batch, GridScan Scan, int Heads, int KeyDim, int ValueDim, HeadView Q, HeadView K, HeadView V, Storage Decay,
    Storage Strength)
{
    /// <summary>Tokens of a sequence.</summary>
    public int Tokens => Scan.Tokens;
}

/// <summary>Destinations of the gradients of <see cref="Backend.DeltaRule"/>; null where nobody wants one.</summary>
/// <param name="Q">As the queries lie.</param>
/// <param name="K">As the keys lie.</param>
/// <param name="V">As the values lie.</param>
/// <param name="Decay"><c>[batch, token, walk, head]</c>.</param>
/// <param name="Strength"><c>[batch, token, walk, head]</c>.</param>
public readonly record struct DeltaRuleGradients(
    HeadGradient Q, HeadGradient K, HeadGradient V, Target? Decay, Target? Strength);

/// <content>A memory that is written and read along walks through a grid.</content>
public abstract partial class Backend
{
    /// <summary>
    /// y_t = Σ over walks of S_tᵀ q_t with S_t = α_t (I − β_t k_t k_tᵀ) S_t−1 + β_t k_t v_tᵀ, S <c>[keyDim,
    /// valueDim]</c> and 0 at first, in the order of <see cref="GridScan"/>; <c>y [batch, token, head, valueDim]</c>.
    /// </summary>
    public abstract void DeltaRule(in DeltaRuleArguments arguments, Storage y);

    /// <summary>Gradients of <see cref="DeltaRule"/>, the states computed again; the parts they go to must not
    /// overlap.</summary>
    public abstract void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy,
        in DeltaRuleGradients gradients);
}
