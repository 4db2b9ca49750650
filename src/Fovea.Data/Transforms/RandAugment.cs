using System.Globalization;
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;
using Fovea.Data.Transforms.Policies;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>rand-augment[:ops=2][:magnitude=9][:bins=31][:deviation=0][:p=1][:fill=0]</c>: a few operations, each drawn
/// evenly from fourteen, all of one strength.
/// </summary>
/// <remarks>
/// Source: Cubuk et al. 2020, arXiv:1909.13719, with the operations and strengths of torchvision 0.14; nearest pixels.
/// <see cref="Std"/> and <see cref="Probability"/> are timm's additions.
/// </remarks>
public sealed record RandAugment : ImageTransform
{
    private const int DrawsPerOp = 4;
    private const ulong FirstNormal = 1UL << 32;   // normals share their words with no other draw

    private static readonly Option<int> OpsOption = Option.Of("ops", ValueForm.Whole(0, 16), 2, "operations in a row");
    private static readonly Option<int> MagnitudeOption = Option.Of("magnitude",
        ValueForm.Whole(0, CommonOptions.MostPixels), 9,
        "strength, below bins");

    private static readonly Option<int> BinsOption =
        Option.Of("bins", ValueForm.Whole(2, CommonOptions.MostPixels), 31, "number of strengths");

    private static readonly Option<double> StdOption =
        Option.Of("deviation", ValueForm.Real(new Interval(0, 100)), 0, "standard deviation of the strength");

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(1);

    internal static TransformEntry Entry { get; } = new(
        "rand-augment",
        [OpsOption, MagnitudeOption, BinsOption, StdOption, ProbabilityOption, CommonOptions.Fill],
        Create);

    /// <summary>Operations in a row, 0 or more.</summary>
    public int Ops { get; init; } = OpsOption.Default;

    /// <summary>Strength, 0 to <see cref="Bins"/> - 1.</summary>
    public int Magnitude { get; init; } = MagnitudeOption.Default;

    /// <summary>Number of strengths: <see cref="Bins"/> - 1 is the strongest.</summary>
    public int Bins { get; init; } = BinsOption.Default;

    /// <summary>Standard deviation of the strength, which is kept within its bounds.</summary>
    public double Std { get; init; }

    /// <summary>Probability of each operation, 0 to 1.</summary>
    public double Probability { get; init; } = ProbabilityOption.Default;

    /// <summary>Level of what lies outside the image, 0 to 255.</summary>
    public byte Fill { get; init; }

    /// <summary>Reads timm's form, such as <c>rand-m9-mstd0.5-inc1</c>.</summary>
    /// <remarks>
    /// Honoured: <c>m</c> (of 10, so 11 bins), <c>n</c> operations (2), <c>mstd</c>, <c>p</c> (0.5, as there).
    /// <c>inc1</c> is what is done anyway: more is stronger. The operations are torchvision's fourteen.
    /// </remarks>
    /// <exception cref="UsageException">A part is none of these.</exception>
    public static RandAugment FromTimm(string text)
    {
        RandAugment result = new() { Bins = 11, Probability = 0.5 };
        foreach (string part in text.Split('-').Skip(1))
        {
            string key = part.TrimEnd([.. "0123456789."]);
            bool isNumber = double.TryParse(part[key.Length..], NumberStyles.Float, CultureInfo.InvariantCulture,
                out double value);
            result = (key, isNumber) switch
            {
                ("m", true) when value is >= 0 and <= 10 && value == Math.Floor(value) =>
                    result with { Magnitude = (int)value },
                ("n", true) when value is >= 0 and <= 16 && value == Math.Floor(value) =>
                    result with { Ops = (int)value },
                ("mstd", true) when value <= 100 => result with { Std = value },
                ("p", true) when value <= 1 => result with { Probability = value },
                ("inc", true) when value == 1 => result,
                _ => throw new UsageException(
                    $"Augmentation '{text}': '{part}' is not understood; it is written "
                        + "rand-m9[-n2][-mstd0.5][-p0.5][-inc1]."),
            };
        }

        return result;
    }

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        for (int i = 0; i < Ops; i++)
        {
            ulong first = DrawsPerOp * (ulong)i;
            AugmentationOp op = (AugmentationOp)draws.Below(first, AugmentationSpace.RandomOps);
            if (draws.Uniform(first + 1) >= Probability) continue;
            double level = Magnitude;
            if (Std > 0) level = Math.Clamp(level + Std * draws.Normal(FirstNormal + (ulong)i), 0, Bins - 1);
            float magnitude = AugmentationSpace.Standard.Magnitude(op, (float)level, Bins, image.Height, image.Width);
            bool opposite = AugmentationSpace.IsSigned(op) && draws.Below(first + 2, 2) == 0;
            AugmentationSpace.Apply(op, image, opposite ? -magnitude : magnitude, Fill, scratch);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(
        OpsOption.PrintUnlessDefault(Ops),
        MagnitudeOption.PrintUnlessDefault(Magnitude),
        BinsOption.PrintUnlessDefault(Bins),
        StdOption.PrintUnlessDefault(Std),
        ProbabilityOption.PrintUnlessDefault(Probability),
        CommonOptions.Fill.PrintUnlessDefault(Fill));

    private static RandAugment Create(OptionValues values)
    {
        int strongest = values.Of(BinsOption) - 1, magnitude = values.Of(MagnitudeOption);
        if (!values.Has(MagnitudeOption)) magnitude = Math.Min(magnitude, strongest);
        if (magnitude > strongest)
            throw new UsageException($"magnitude must be a whole number from 0 to {strongest}, not '{magnitude}'");
        return new()
        {
            Ops = values.Of(OpsOption),
            Magnitude = magnitude,
            Bins = values.Of(BinsOption),
            Std = values.Of(StdOption),
            Probability = values.Of(ProbabilityOption),
            Fill = (byte)values.Of(CommonOptions.Fill),
        };
    }
}
