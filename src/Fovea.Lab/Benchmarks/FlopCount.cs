using Fovea.Vision;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Lab.Benchmarks;

/// <summary>Floating-point operations of a model: two for each multiply-accumulate of its matrix products; nothing else
/// counts.</summary>
public static class FlopCount
{
    /// <summary>Forward pass of one image. Half of it is what papers call MACs, and often FLOPs.</summary>
    public static double Forward(ModelConfig config) => 2 * config.Build().CountForward().Macs;

    /// <summary>
    /// A training step of one image: each product has two more of its size in the backward pass. What kernels compute
    /// again to save memory is not counted, gradient checkpointing excepted.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="recomputesBlocks">The backward pass computes the blocks again.</param>
    public static double Training(ModelConfig config, bool recomputesBlocks = false)
    {
        ImageClassifier model = config.Build();
        ForwardCost cost = model.CountForward();
        return 6 * cost.Macs + (recomputesBlocks && model.CanRecompute ? 2 * cost.Blocks : 0);
    }

    /// <summary>Exponentials of the attention of one image's forward pass; see
    /// <see cref="IAttention.Exponentials"/>.</summary>
    public static double Exponentials(ModelConfig config) => config.Build().CountForward().Exponentials;
}
