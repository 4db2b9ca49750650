using Fovea.Nn;

namespace Fovea.Vision;

/// <summary>First values of the blocks' weight matrices.</summary>
public enum WeightInit
{
    /// <summary>Normal with standard deviation 0.02, cut off at ±2: timm's and the ViT papers' choice for wide
    /// models.</summary>
    TruncatedNormal,

    /// <summary>Xavier uniform: keeps the signal's size at any width, so that narrow models (dim below some 200) learn
    /// from the first steps on.</summary>
    Xavier,
}

/// <summary>From the choice to the initialiser.</summary>
internal static class WeightInits
{
    internal static Initializer Of(WeightInit choice) => choice == WeightInit.Xavier ? Init.XavierUniform()
        : Init.TruncatedNormal(0.02);
}
