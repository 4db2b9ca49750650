using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention.Windows;

/// <summary>A mechanism that can have windows which widen while training.</summary>
public interface ILocalAttention : IAttention
{
    /// <summary>The windows; null: it has none.</summary>
    Locality? Locality { get; }
}
