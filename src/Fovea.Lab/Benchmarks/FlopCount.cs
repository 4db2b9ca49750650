using Fovea.Nn.Layers;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Models.Residual;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Lab.Benchmarks;

/// <summary>Floating-point operations of a model: two for each multiply-add of its matrix products; nothing else counts.</summary>
public static class FlopCount
{
    /// <summary>
    /// Forward pass of one image; null for models whose products are not counted here. Every token meets every weight of the blocks' projections and
    /// MLPs once; embedding, attention and heads come on top. Softmax has 2 n² h multiplications for n tokens and heads of h elements together.
    /// A residual network has those of its convolutions and its head. Half of it is what papers call MACs, and often FLOPs.
    /// </summary>
    public static double? Forward(ModelConfig config)
    {
        if (config is ResNetConfig residual) return 2 * residual.Build().Macs();
        if (config is not VisionTransformerConfig vit) return null;
        VisionTransformer model = vit.Build();   // allocates nothing
        TokenGrid grid = model.GridOf(vit.ImageSize, vit.ImageSize);
        double multiplications = model.PatchEmbedding.Macs(vit.ImageSize, vit.ImageSize)
            + (double)vit.Dim * vit.Classes * (vit.DistillationToken ? 2 : 1)
            + (vit.Pooling == Pooling.Sequence ? 2.0 * grid.Patches * vit.Dim : 0);
        return 2 * (multiplications + model.Blocks.Sum(block => Macs(block, grid)));
    }

    /// <summary>
    /// A training step of one image: each product has two more of its size in the backward pass. What kernels compute again to save memory is not counted,
    /// gradient checkpointing excepted.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="recomputesBlocks">The backward pass computes the blocks again.</param>
    public static double? Training(ModelConfig config, bool recomputesBlocks = false) => 3 * Forward(config) + (recomputesBlocks ? Blocks(config) : 0);

    /// <summary>Exponentials of the attention of one image's forward pass; see <see cref="IAttention.Exponentials"/>.</summary>
    public static double Exponentials(ModelConfig config)
    {
        if (config is not VisionTransformerConfig vit) return 0;
        VisionTransformer model = vit.Build();
        TokenGrid grid = model.GridOf(vit.ImageSize, vit.ImageSize);
        return model.Blocks.Sum(block => block.Attention.Mechanism.Exponentials(grid));
    }

    private static double Blocks(ModelConfig config)
    {
        if (config is not VisionTransformerConfig vit) return 0;
        VisionTransformer model = vit.Build();
        return 2 * model.Blocks.Sum(block => Macs(block, model.GridOf(vit.ImageSize, vit.ImageSize)));
    }

    private static double Macs(TransformerBlock block, TokenGrid grid) =>
        grid.Tokens * Weights(block.Attention.Qkv, block.Attention.Proj, block.Mlp?.Fc1, block.Mlp?.Fc2) + block.Attention.Mechanism.Macs(grid);

    private static double Weights(params ReadOnlySpan<Linear?> layers)
    {
        double count = 0;
        foreach (Linear? layer in layers) count += layer?.Weight.Shape.Count ?? 0;
        return count;
    }
}
