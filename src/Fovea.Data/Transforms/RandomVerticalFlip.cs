
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>vflip[:p=0.5]</c>: mirrors top and bottom, at times.</summary>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomVerticalFlip(double Probability = RandomVerticalFlip.Usual) : ImageTransform
{
    private const double Usual = 0.5;

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(Usual);

    internal static TransformEntry Entry { get; } = new(
        "vflip",
        [ProbabilityOption],
        values => new RandomVerticalFlip(values.Of(ProbabilityOption)));

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) < Probability) scratch.FlipVertically(image);
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(ProbabilityOption.PrintUnlessDefault(Probability));
}
