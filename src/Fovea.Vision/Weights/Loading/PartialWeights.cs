namespace Fovea.Vision.Weights.Loading;

/// <summary>Treatment of weights that lack tensors of the model, other than a head's, or have some that it
/// lacks.</summary>
public enum PartialWeights
{
    /// <summary>An error: what is left random would be used as it is, and what the model lacks would be
    /// missed.</summary>
    Refuse,

    /// <summary>Taken where at least half of the model is there: the rest will learn.</summary>
    TakeMost,

    /// <summary>Taken, as was asked for.</summary>
    Take,
}
