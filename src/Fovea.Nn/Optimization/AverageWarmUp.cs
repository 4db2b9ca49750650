namespace Fovea.Nn.Optimization;

/// <summary>Decays of a <see cref="WeightAverage"/> at first, when its weights are still those of the start.</summary>
public enum AverageWarmUp
{
    /// <summary>min(decay, (1 + t) / (10 + t)) after t updates, as TensorFlow's.</summary>
    Steps,

    /// <summary>min(decay, 1 − (1 + t)^(−2/3)) after t updates, as timm's <c>ModelEmaV3</c>.</summary>
    Power,

    /// <summary>The decay from the first update on.</summary>
    None,
}
