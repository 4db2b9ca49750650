using Fovea.Nn;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Loading;

/// <summary>The preset whose tensors are most like a file's.</summary>
/// <param name="Preset">The model.</param>
/// <param name="Share">Tensors of equal name and shape, as a share of all that either has: 0 to 1.</param>
public sealed record ClosestPreset(Preset Preset, double Share)
{
    private const double Alike = 0.5;

    /// <summary>Finds it; of several that are alike the first in the table, e.g. ViT before DeiT. Null where none is
    /// half alike.</summary>
    /// <param name="weights">Under timm's names.</param>
    public static ClosestPreset? Of(IReadOnlyList<Weight> weights)
    {
        Dictionary<string, Weight> byName = weights.ToDictionary(weight => weight.Name);
        ClosestPreset? best = Presets.All.Select(preset => new ClosestPreset(preset, ShareOf(preset, byName)))
            .MaxBy(candidate => candidate.Share);
        return best?.Share >= Alike ? best : null;
    }

    private static double ShareOf(Preset preset, Dictionary<string, Weight> weights)
    {
        int total = weights.Count, equal = 0;
        foreach ((string name, NamedTensor tensor) in preset.Config.Build().NamedState())
        {
            if (!weights.TryGetValue(name, out Weight? weight)) total++;
            else if (Fits(weight, tensor)) equal++;
        }

        return (double)equal / total;
    }

    private static bool Fits(Weight weight, NamedTensor tensor) =>
        weight.Shape.SequenceEqual(tensor.Shape.Select(size => (long)size));
}
