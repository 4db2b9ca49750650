
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>hflip[:p=0.5]</c>: mirrors left and right, at times.</summary>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomHorizontalFlip(double Probability = RandomHorizontalFlip.Usual) : ImageTransform
{
    private const double Usual = 0.5;

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(Usual);

    internal static TransformEntry Entry { get; } = new(
        "hflip",
        [ProbabilityOption],
        values => new RandomHorizontalFlip(values.Of(ProbabilityOption)));

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) < Probability) ImageScratch.Flip(image);
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(ProbabilityOption.PrintUnlessDefault(Probability));
}
