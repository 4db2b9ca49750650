using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Windows;

namespace Fovea.Vision;

/// <summary>Windows of a model's attention, which may widen while it is trained.</summary>
public static class AttentionWindows
{
    /// <summary>The windows of a model's blocks, first to last; blocks without one are left out.</summary>
    public static IEnumerable<Locality> Of(ImageClassifier model) =>
        model is not IAttentionModel { Mechanisms: var all } ? []
            : all.Select(mechanism => (mechanism as ILocalAttention)?.Locality).OfType<Locality>();

    /// <summary>True where a mechanism's options ask for a window that other epochs have not.</summary>
    public static bool FollowEpochs(AttentionSpec mechanism) => Locality.FollowsEpochs(mechanism.Values);
}
