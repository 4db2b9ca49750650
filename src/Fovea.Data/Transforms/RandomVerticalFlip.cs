using System.Globalization;

namespace Fovea.Data.Transforms;

/// <summary><c>vflip[:p=0.5]</c>: mirrors top and bottom, at times.</summary>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomVerticalFlip(double Probability = 0.5) : ImageTransform
{
    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) < Probability) scratch.FlipVertically(image);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Probability == 0.5 ? "vflip" : string.Create(CultureInfo.InvariantCulture, $"vflip:p={Probability}");
}
