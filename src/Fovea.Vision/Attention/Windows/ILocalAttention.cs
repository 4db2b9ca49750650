using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Windows;

/// <summary>A mechanism that can have windows which widen while training.</summary>
public interface ILocalAttention : IAttention
{
    /// <summary>The windows; null: it has none.</summary>
    Locality? Locality { get; }

    /// <summary>The window of an epoch in the buckets by which this mechanism penalises distances: one for each, unless
    /// it says otherwise.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="epoch">From 0.</param>
    /// <exception cref="InvalidOperationException">It has no windows.</exception>
    TokenRelation WindowRelation(TokenGrid grid, int epoch) =>
        (Locality ?? throw new InvalidOperationException("ILocalAttention: there is no window to show."))
        .RelationAt(grid, epoch);
}
