using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Naming;

/// <summary>Tensors of a file of DINOv3 that are no weights: the periods of its rotary positions and the mask of the
/// keys' bias. What they say has to be what the model computes.</summary>
internal static class DinoV3Constants
{
    private const double Base = 100, Tolerance = 0.01;   // periods are stored in half precision, too

    /// <exception cref="CheckpointException">Periods or masks are others.</exception>
    public static void Check(WeightFile file, string prefix)
    {
        foreach (Weight weight in file.Weights.Where(weight =>
            weight.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (weight.Name == prefix + "rope_embed.periods" && !ArePeriods(weight.ToArray()))
                throw new CheckpointException($"{file.Path}: '{weight.Name}' has other periods than positions 'rope', "
                    + "100^(4 i / headDim).");
            if (weight.Name.EndsWith(".attn.qkv.bias_mask", StringComparison.Ordinal) && !IsMask(weight.ToArray()))
                throw new CheckpointException($"{file.Path}: '{weight.Name}' masks something else than the bias of the "
                    + "keys.");
        }
    }

    private static bool ArePeriods(float[] periods) => periods.Index().All(entry =>
        Math.Abs(entry.Item / Math.Pow(Base, (double)entry.Index / periods.Length) - 1) < Tolerance);

    private static bool IsMask(float[] mask) => mask.Length % 3 == 0 && mask.Index().All(entry =>
        entry.Item == (entry.Index * 3L / mask.Length == 1 ? 0 : 1));
}
