
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>random-grayscale[:p=0.1]</c>: <see cref="Grayscale"/>, at times.</summary>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomGrayscale(double Probability = RandomGrayscale.Usual) : ImageTransform
{
    private const double Usual = 0.1;

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(Usual);

    private static readonly Grayscale Grey = new();

    internal static TransformEntry Entry { get; } = new(
        "random-grayscale",
        [ProbabilityOption],
        values => new RandomGrayscale(values.Of(ProbabilityOption)));

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) < Probability) Grey.Apply(image, draws, scratch);
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(ProbabilityOption.PrintUnlessDefault(Probability));
}
