using System.Globalization;

namespace Fovea.Data.Transforms;

/// <summary><c>hflip[:p=0.5]</c>: mirrors left and right, at times.</summary>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomHorizontalFlip(double Probability = 0.5) : ImageTransform
{
    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) < Probability) ImageScratch.Flip(image);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Probability == 0.5 ? "hflip" : string.Create(CultureInfo.InvariantCulture, $"hflip:p={Probability}");
}
