using Fovea.Nn.Layers;

namespace Fovea.Vision;

/// <summary>Norms of a Vision Transformer.</summary>
public enum NormKind
{
    /// <summary>Layer norm; see <see cref="Nn.Layers.LayerNorm"/>.</summary>
    LayerNorm,

    /// <summary>RMS norm; see <see cref="Nn.Layers.RmsNorm"/>.</summary>
    RmsNorm,
}

/// <summary>From the choice to the norm.</summary>
internal static class Norms
{
    internal static RowNorm Of(NormKind kind, int dim, float epsilon) => kind == NormKind.RmsNorm
        ? new RmsNorm(dim, epsilon) : new LayerNorm(dim, epsilon);
}
