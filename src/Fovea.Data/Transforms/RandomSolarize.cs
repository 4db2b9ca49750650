using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>random-solarize[:threshold=128][:p=0.5]</c>: inverts all levels from a threshold on, at times.</summary>
/// <remarks>Source: torchvision 0.14, <c>transforms.RandomSolarize</c>.</remarks>
public sealed record RandomSolarize : ImageTransform
{
    private static readonly Option<int> ThresholdOption = Option.Of("threshold", ValueForm.Whole(0, 256), 128,
        "lowest level that is inverted");

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(0.5);

    internal static TransformEntry Entry { get; } = new(
        "random-solarize",
        [ThresholdOption, ProbabilityOption],
        values => new RandomSolarize
        {
            Threshold = values.Of(ThresholdOption),
            Probability = values.Of(ProbabilityOption),
        });

    /// <summary>Lowest level that is inverted, 0 to 256.</summary>
    public int Threshold { get; init; } = ThresholdOption.Default;

    /// <summary>Probability, 0 to 1.</summary>
    public double Probability { get; init; } = ProbabilityOption.Default;

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) >= Probability) return;
        foreach (ref byte level in image.Pixels)
            if (level >= Threshold) level = (byte)(255 - level);
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(ThresholdOption.PrintUnlessDefault(Threshold),
        ProbabilityOption.PrintUnlessDefault(Probability));
}
