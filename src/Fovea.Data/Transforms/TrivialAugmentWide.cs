
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;
using Fovea.Data.Transforms.Policies;

namespace Fovea.Data.Transforms;

/// <summary><c>trivial-augment[:bins=31][:fill=0]</c>: one operation of fourteen in one of all strengths, from a wide
/// range.</summary>
/// <remarks>Source: Müller and Hutter 2021, arXiv:2103.10158, with the strengths of torchvision 0.14; nearest
/// pixels.</remarks>
/// <param name="Bins">Number of strengths, 2 or more.</param>
/// <param name="Fill">Level of what lies outside the image, 0 to 255.</param>
public sealed record TrivialAugmentWide(int Bins = TrivialAugmentWide.UsualBins, byte Fill = 0) : ImageTransform
{
    private const int UsualBins = 31;

    private static readonly Option<int> BinsOption =
        Option.Of("bins", ValueForm.Whole(2, CommonOptions.MostPixels), UsualBins, "number of strengths");

    internal static TransformEntry Entry { get; } = new(
        "trivial-augment",
        [BinsOption, CommonOptions.Fill],
        values => new TrivialAugmentWide(values.Of(BinsOption), (byte)values.Of(CommonOptions.Fill)));

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        AugmentationOp op = (AugmentationOp)draws.Below(0, AugmentationSpace.RandomOps);
        float magnitude = AugmentationSpace.Wide.Magnitude(op, draws.Below(1, Bins), Bins, image.Height, image.Width);
        bool opposite = AugmentationSpace.IsSigned(op) && draws.Below(2, 2) == 0;
        AugmentationSpace.Apply(op, image, opposite ? -magnitude : magnitude, Fill, scratch);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Entry.Print(BinsOption.PrintUnlessDefault(Bins), CommonOptions.Fill.PrintUnlessDefault(Fill));
}
