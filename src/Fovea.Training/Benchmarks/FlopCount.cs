using Fovea.Nn.Layers;
using Fovea.Vision;

namespace Fovea.Training.Benchmarks;

/// <summary>Floating-point operations of a model: two for each multiply-add of its matrix products; nothing else counts.</summary>
public static class FlopCount
{
    /// <summary>
    /// Forward pass of one picture; null for models whose products are not counted here. Every token meets every weight of the blocks' projections and
    /// MLPs once; embedding, attention and heads come on top. Softmax has 2 n² h multiplications for n tokens and heads of h elements together.
    /// A residual network has those of its convolutions and its head.
    /// </summary>
    public static double? Forward(ModelConfig config)
    {
        if (config is ResNetConfig residual) return 2 * residual.Build().MultiplyAdds();
        if (config is not VisionTransformerConfig vit) return null;
        VisionTransformer model = vit.Build();   // allocates nothing
        TokenGrid grid = model.GridOf(vit.ImageSize, vit.ImageSize);
        double multiplications = model.PatchEmbedding.MultiplyAdds(vit.ImageSize, vit.ImageSize)
            + (double)vit.Dim * vit.Classes * (vit.DistillationToken ? 2 : 1)
            + (vit.Pooling == Pooling.Sequence ? 2.0 * grid.Patches * vit.Dim : 0);
        foreach (TransformerBlock block in model.Blocks)
        {
            double weights = Weights(block.Attention.Qkv, block.Attention.Proj, block.Mlp?.Fc1, block.Mlp?.Fc2);
            multiplications += grid.Tokens * weights + block.Attention.Mechanism.MultiplyAdds(grid);
        }

        return 2 * multiplications;
    }

    /// <summary>A training step of one picture: each product has two more of its size in the backward pass.</summary>
    public static double? Training(ModelConfig config) => 3 * Forward(config);

    private static double Weights(params ReadOnlySpan<Linear?> layers)
    {
        double count = 0;
        foreach (Linear? layer in layers) count += layer?.Weight.Shape.Count ?? 0;
        return count;
    }
}
