using Fovea.Vision;

namespace Fovea.Training.Benchmarks;

/// <summary>Floating-point operations of a model: two for each multiply-add of its matrix products; nothing else counts.</summary>
public static class FlopCount
{
    /// <summary>
    /// Forward pass of one picture; null for models whose products are not counted here. With n tokens of dim d, a mechanism that takes p projected elements and
    /// gives h, and an MLP of m: embedding + depth · (n · (d p + h d + 2 d m) + mechanism) + d · classes multiplications. Softmax has 2 n² h. A residual
    /// network has those of its convolutions and its head.
    /// </summary>
    public static double? Forward(ModelConfig config)
    {
        if (config is ResNetConfig residual) return 2 * residual.Build().MultiplyAdds();
        if (config is not VisionTransformerConfig vit) return null;
        VisionTransformer model = vit.Build();   // allocates nothing
        double multiplications = model.PatchEmbedding.MultiplyAdds(vit.ImageSize, vit.ImageSize) + (double)vit.Dim * vit.Classes;
        TokenGrid grid = model.PatchEmbedding.Grid(vit.ImageSize, vit.ImageSize) with { Prefix = vit.ClassToken ? 1 : 0 };
        double heads = vit.Heads * (vit.HeadDim ?? vit.Dim / vit.Heads), mlp = vit.MlpDim ?? 4.0 * vit.Dim;
        foreach (TransformerBlock block in model.Blocks)
            multiplications += grid.Tokens * vit.Dim * (block.Attention.Mechanism.ProjectedWidth + heads + 2 * mlp)
                + block.Attention.Mechanism.MultiplyAdds(grid);
        return 2 * multiplications;
    }

    /// <summary>A training step of one picture: each product has two more of its size in the backward pass.</summary>
    public static double? Training(ModelConfig config) => 3 * Forward(config);
}
