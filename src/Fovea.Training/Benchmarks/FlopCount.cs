using Fovea.Vision;

namespace Fovea.Training.Benchmarks;

/// <summary>Floating-point operations of a model: two for each multiply-add of its matrix products; nothing else counts.</summary>
public static class FlopCount
{
    /// <summary>
    /// Forward pass of one picture; null for models whose products are not counted here. With n tokens of dim d, heads of h elements in
    /// all and an MLP of m: patches · d · (channels · patch²) + depth · n · (4 d h + 2 n h + 2 d m) + d · classes multiplications.
    /// </summary>
    public static double? Forward(ModelConfig config)
    {
        if (config is not VisionTransformerConfig vit) return null;
        double grid = vit.ImageSize / vit.PatchSize, patches = grid * grid, tokens = patches + (vit.ClassToken ? 1 : 0);
        double heads = vit.Heads * (vit.HeadDim ?? vit.Dim / vit.Heads), mlp = vit.MlpDim ?? 4.0 * vit.Dim;
        double embedding = patches * vit.Dim * vit.Channels * vit.PatchSize * vit.PatchSize;
        double block = tokens * (4.0 * vit.Dim * heads + 2 * tokens * heads + 2 * vit.Dim * mlp);
        return 2 * (embedding + vit.Depth * block + (double)vit.Dim * vit.Classes);
    }

    /// <summary>A training step of one picture: each product has two more of its size in the backward pass.</summary>
    public static double? Training(ModelConfig config) => 3 * Forward(config);
}
