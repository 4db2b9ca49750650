namespace Fovea.Vision.Models.Residual;

/// <summary>Form of a block of a <see cref="ResNet"/>.</summary>
public enum ResidualKind
{
    /// <summary>Two 3x3 convolutions; as many channels come out as the stage is wide.</summary>
    Basic,

    /// <summary>1x1, 3x3 and 1x1; four times as many channels come out as the stage is wide.</summary>
    Bottleneck,
}
