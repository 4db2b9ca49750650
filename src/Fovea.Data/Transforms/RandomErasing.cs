
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>random-erasing[:p=0.5][:value=zero|random][:scale=0.02..0.33][:ratio=0.3..3.3]</c>: overwrites a random part of
/// the normalised image with 0 (the mean colour) or with normal noise. Nothing happens after ten parts that do not fit.
/// Stands last.
/// </summary>
/// <remarks>Source: Zhong et al. 2020, arXiv:1708.04896; boxes as torchvision 0.14, <c>transforms.RandomErasing</c>,
/// draws them.</remarks>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomErasing(double Probability = RandomErasing.Usual) : ImageTransform
{
    private const double Usual = 0.5;
    private const int Tries = 10;
    private const ulong FirstNormal = 1UL << 32;   // normals share their words with no other draw

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(Usual);

    private static readonly Option<bool> NoiseOption =
        Option.Of("value", ValueForm.Choice(("zero", false), ("random", true)), false,
            "what parts are overwritten with");

    private static readonly Option<(double Low, double High)> ScaleOption =
        Option.Of("scale", ValueForm.Ends(1), (0.02, 0.33), "share of the image's area");

    private static readonly Option<(double Low, double High)> RatioOption =
        Option.Of("ratio", ValueForm.Ends(100), (0.3, 3.3), "height divided by width");

    internal static TransformEntry Entry { get; } = new(
        "random-erasing",
        [ProbabilityOption, NoiseOption, ScaleOption, RatioOption],
        values => new RandomErasing(values.Of(ProbabilityOption))
        {
            Noise = values.Of(NoiseOption),
            Scale = values.Of(ScaleOption),
            Ratio = values.Of(RatioOption),
        });

    /// <summary>Overwrites with normal noise, other for each sample, and not with 0.</summary>
    public bool Noise { get; init; }

    /// <summary>Share of the image's area, lowest and highest, above 0 to 1.</summary>
    public (double Low, double High) Scale { get; init; } = ScaleOption.Default;

    /// <summary>Height divided by width, lowest and highest; drawn evenly on a logarithmic scale.</summary>
    public (double Low, double High) Ratio { get; init; } = RatioOption.Default;

    /// <inheritdoc/>
    public override bool FollowsNormalization => true;

    /// <summary>Leaves bytes as they are.</summary>
    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
    }

    /// <inheritdoc/>
    public override void ApplyNormalized(Span<float> samples, int height, int width, Philox draws)
    {
        if (draws.Uniform(0) >= Probability || Choose(height, width, draws) is not Box box) return;
        ulong next = FirstNormal;
        for (int plane = 0; plane < samples.Length; plane += height * width)
        {
            for (int y = box.Top; y < box.Top + box.Height; y++)
            {
                Span<float> row = samples.Slice(plane + y * width + box.Left, box.Width);
                row.Clear();
                if (!Noise) continue;
                for (int x = 0; x < row.Length; x++) row[x] = (float)draws.Normal(next++);
            }
        }
    }

    /// <summary>The part that the draws select; null where none fits.</summary>
    public Box? Choose(int height, int width, Philox draws)
    {
        double lowRatio = Math.Log(Ratio.Low), highRatio = Math.Log(Ratio.High);
        for (int i = 0; i < Tries; i++)
        {
            ulong first = 4 + 4 * (ulong)i;   // draw 0 says whether anything is done
            double area = (double)height * width * (Scale.Low + (Scale.High - Scale.Low) * draws.Uniform(first));
            double ratio = Math.Exp(lowRatio + (highRatio - lowRatio) * draws.Uniform(first + 1));
            int boxHeight = (int)Math.Round(Math.Sqrt(area * ratio)),
                boxWidth = (int)Math.Round(Math.Sqrt(area / ratio));
            if (boxHeight >= height || boxWidth >= width) continue;
            int top = draws.Below(first + 2, height - boxHeight + 1),
                left = draws.Below(first + 3, width - boxWidth + 1);
            return new Box(top, left, boxHeight, boxWidth);
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(
        ProbabilityOption.PrintUnlessDefault(Probability),
        NoiseOption.PrintUnlessDefault(Noise),
        ScaleOption.PrintUnlessDefault(Scale),
        RatioOption.PrintUnlessDefault(Ratio));
}
