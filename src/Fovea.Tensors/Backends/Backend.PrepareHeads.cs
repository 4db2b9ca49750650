namespace Fovea.Tensors;

/// <summary>Sizes and inputs of <see cref="Backend.PrepareHeads"/>.</summary>
/// <param name="Rows">Tokens of all sequences.</param>
/// <param name="Tokens">Tokens of a sequence.</param>
/// <param name="Heads">Heads.</param>
/// <param name="HeadDim">Elements of a head's query.</param>
/// <param name="Packed">Queries, keys and values, <c>[row, 3 · head · headDim]</c>.</param>
/// <param name="Queries">Norm of the queries; null: none.</param>
/// <param name="Keys">Norm of the keys; null: none.</param>
/// <param name="Cosines">Cosines of the angles, <c>[token, angle heads, headDim / 2]</c>; null: nothing is
/// rotated.</param>
/// <param name="Sines">Their sines.</param>
/// <param name="AngleHeads">Heads with angles of their own: all, or 1.</param>
public readonly record struct HeadPreparation(
    int Rows, int Tokens, int Heads, int HeadDim, Storage Packed, HeadNormArguments? Queries, HeadNormArguments? Keys,
    Storage? Cosines, Storage? Sines, int AngleHeads)
{
    /// <summary>Elements of all heads of a token.</summary>
    public int Width => Heads * HeadDim;
}

/// <summary>A norm of each head's vector.</summary>
/// <param name="Gamma">Scale <c>[headDim]</c>.</param>
/// <param name="Beta">Shift <c>[headDim]</c> of a layer norm; null: RMS norm.</param>
/// <param name="Mean">Receives the means <c>[row, head]</c> of a layer norm, for the backward pass.</param>
/// <param name="Rstd">Receives 1/√(variance + ε) <c>[row, head]</c>.</param>
/// <param name="Epsilon">ε.</param>
public readonly record struct HeadNormArguments(Storage Gamma, Storage? Beta, Storage? Mean, Storage Rstd,
    float Epsilon);

/// <content>What happens to queries and keys between projection and attention.</content>
public abstract partial class Backend
{
    /// <summary>Whether it has <see cref="PrepareHeads"/>; where it has not, the operator is composed of
    /// others.</summary>
    public virtual bool PreparesHeads => false;

    /// <summary>y = packed, with each head's query and key normed and then rotated: (a, b) → (a cos θ − b sin θ, b cos
    /// θ + a sin θ), where b lies headDim / 2 behind a.</summary>
    public virtual void PrepareHeads(in HeadPreparation arguments, Storage y) => throw Unprepared();

    /// <summary>Gradients of <see cref="PrepareHeads"/>; each may be null where nobody wants it. Those of the packed
    /// projections stand in <paramref name="queries"/>.</summary>
    public virtual void PrepareHeadsBackward(in HeadPreparation arguments, Storage dy, in LinearInputGradients queries,
        in LinearInputGradients keys) => throw Unprepared();

    private NotSupportedException Unprepared() => new($"{GetType().Name} has no {nameof(PrepareHeads)}.");
}
