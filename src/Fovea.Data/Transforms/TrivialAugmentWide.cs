using System.Globalization;
using Fovea.Data.Transforms.Policies;

namespace Fovea.Data.Transforms;

/// <summary><c>trivial-augment[:bins=31][:fill=0]</c>: one operation of fourteen in one of all strengths, from a wide range.</summary>
/// <remarks>Source: Müller and Hutter 2021, arXiv:2103.10158, with the strengths of torchvision 0.14; nearest pixels.</remarks>
/// <param name="Bins">Number of strengths, 2 or more.</param>
/// <param name="Fill">Level of what lies outside the image, 0 to 255.</param>
public sealed record TrivialAugmentWide(int Bins = 31, byte Fill = 0) : ImageTransform
{
    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        AugmentationOp op = (AugmentationOp)draws.Below(0, AugmentationSpace.RandomOps);
        float magnitude = AugmentationSpace.Wide.Magnitude(op, draws.Below(1, Bins), Bins, image.Height, image.Width);
        bool opposite = AugmentationSpace.IsSigned(op) && draws.Below(2, 2) == 0;
        AugmentationSpace.Apply(op, image, opposite ? -magnitude : magnitude, Fill, scratch);
    }

    /// <inheritdoc/>
    public override string ToString() => "trivial-augment"
        + (Bins == 31 ? "" : string.Create(CultureInfo.InvariantCulture, $":bins={Bins}"))
        + (Fill == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $":fill={Fill}"));
}
