using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>color-jitter[:brightness=0][:contrast=0][:saturation=0][:hue=0][:p=1]</c>: changes the four in a random
/// order, by factors drawn evenly from max(0, 1 - x) to 1 + x and a hue from -x to x of the circle. What is 0 stays.
/// All of it happens with the probability p only.
/// </summary>
/// <remarks>Source: torchvision 0.14, <c>transforms.ColorJitter</c> on Pillow images, with the same rounding.</remarks>
public sealed record ColorJitter : ImageTransform
{
    private const ulong FirstFactor = 8;   // draws 1 to 3 decide the order

    private static readonly ValueForm<double> Change = ValueForm.Real(new Interval(0, 100));
    private static readonly Option<double> BrightnessOption = Option.Of("brightness", Change, 0,
        "largest change of brightness");
    private static readonly Option<double> ContrastOption = Option.Of("contrast", Change, 0,
        "largest change of contrast");
    private static readonly Option<double> SaturationOption = Option.Of("saturation", Change, 0,
        "largest change of saturation");

    private static readonly Option<double> HueOption =
        Option.Of("hue", ValueForm.Real(new Interval(0, 0.5)), 0, "largest turn of the hue, of the circle");

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(1);

    internal static TransformEntry Entry { get; } = new(
        "color-jitter",
        [BrightnessOption, ContrastOption, SaturationOption, HueOption, ProbabilityOption],
        values => new ColorJitter
        {
            Brightness = values.Of(BrightnessOption),
            Contrast = values.Of(ContrastOption),
            Saturation = values.Of(SaturationOption),
            Hue = values.Of(HueOption),
            Probability = values.Of(ProbabilityOption),
        });

    /// <summary>Largest change of brightness, 0 or more.</summary>
    public double Brightness { get; init; }

    /// <summary>Largest change of contrast, 0 or more.</summary>
    public double Contrast { get; init; }

    /// <summary>Largest change of saturation, 0 or more.</summary>
    public double Saturation { get; init; }

    /// <summary>Largest turn of the hue, 0 to 0.5 of the circle.</summary>
    public double Hue { get; init; }

    /// <summary>Probability that anything is changed, 0 to 1.</summary>
    public double Probability { get; init; } = ProbabilityOption.Default;

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (Probability < 1 && draws.Uniform(0) >= Probability) return;
        Span<int> order = [0, 1, 2, 3];
        Shuffle(order, draws);
        foreach (int part in order) ChangePart(part, image, draws.Uniform(FirstFactor + (ulong)part), scratch);
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(
        BrightnessOption.PrintUnlessDefault(Brightness),
        ContrastOption.PrintUnlessDefault(Contrast),
        SaturationOption.PrintUnlessDefault(Saturation),
        HueOption.PrintUnlessDefault(Hue),
        ProbabilityOption.PrintUnlessDefault(Probability));

    /// <summary>Brings the parts into the order of the draws.</summary>
    internal static void Shuffle(Span<int> order, Philox draws)
    {
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = draws.Below((ulong)i, i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
    }

    private void ChangePart(int part, RawImage image, double uniform, ImageScratch scratch)
    {
        if (part == 0 && Brightness > 0) Enhance.Brightness(image, Factor(Brightness, uniform));
        if (part == 1 && Contrast > 0) Enhance.Contrast(image, Factor(Contrast, uniform), scratch);
        if (part == 2 && Saturation > 0) Enhance.Saturation(image, Factor(Saturation, uniform), scratch);
        if (part == 3 && Hue > 0) Pixels.Hue.Shift(image, Hue * (2 * uniform - 1));
    }

    private static double Factor(double change, double uniform)
    {
        double lowest = Math.Max(0, 1 - change);
        return lowest + (1 + change - lowest) * uniform;
    }
}
