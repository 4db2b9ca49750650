using System.Numerics;
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>gaussian-blur:SIZE[:sigma=0.1..2][:p=1]</c>: a weighted mean over SIZE x SIZE pixels, weights <c>exp(-d² /
/// 2σ²)</c>, mirrored at the edges.
/// </summary>
/// <remarks>
/// Source: torchvision 0.14, <c>transforms.GaussianBlur</c>, which sums in two dimensions at once; summing rows, then
/// columns differs by a level at most.
/// </remarks>
/// <param name="Size">Pixels per side, odd.</param>
public sealed record GaussianBlur(int Size) : ImageTransform
{
    private static readonly Option<(double Low, double High)> SigmaOption =
        Option.Of("sigma", ValueForm.Ends(1000), (0.1, 2), "width of the bell in pixels");

    private static readonly Option<double> ProbabilityOption = CommonOptions.Probability(1);

    internal static TransformEntry Entry { get; } = new("gaussian-blur", [SigmaOption, ProbabilityOption], Create)
    {
        Main = CommonOptions.Size,
    };

    /// <summary>Width of the bell in pixels, lowest and highest.</summary>
    public (double Low, double High) Sigma { get; init; } = SigmaOption.Default;

    /// <summary>Probability, 0 to 1.</summary>
    public double Probability { get; init; } = ProbabilityOption.Default;

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) >= Probability) return;
        int reach = Size / 2;
        if (image.Height <= reach || image.Width <= reach)
            throw new DataException(
                $"{this}: an image of {image.Height} x {image.Width} pixels is too small to be blurred over {Size}.");
        Span<float> weights = stackalloc float[Size];
        Bell(weights, Sigma.Low + (Sigma.High - Sigma.Low) * draws.Uniform(1));
        Span<float> memory = scratch.Floats(image.Height * image.Width + image.Width + 2 * reach);
        Span<float> rows = memory[..(image.Height * image.Width)], line = memory[rows.Length..];
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Rows(image.Plane(channel), rows, line, weights);
            Columns(rows, image.Plane(channel), line[..image.Width], weights);
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Entry.Print($"{Size}", SigmaOption.PrintUnlessDefault(Sigma),
            ProbabilityOption.PrintUnlessDefault(Probability));

    private static GaussianBlur Create(OptionValues values)
    {
        int size = values.Of(CommonOptions.Size);
        if (size % 2 == 0 || size >= 100) throw new UsageException("the size must be odd and below 100");
        return new(size) { Sigma = values.Of(SigmaOption), Probability = values.Of(ProbabilityOption) };
    }

    private static void Bell(Span<float> weights, double sigma)
    {
        double sum = 0, middle = weights.Length / 2;
        for (int i = 0; i < weights.Length; i++) sum += Weight(i - middle, sigma);
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)(Weight(i - middle, sigma) / sum);
    }

    private static double Weight(double distance, double sigma) =>
        Math.Exp(-0.5 * distance * distance / (sigma * sigma));

    /// <param name="plane">Samples.</param>
    /// <param name="rows">Results.</param>
    /// <param name="line">Memory for a row with its mirrored ends.</param>
    /// <param name="weights">Of neighbours.</param>
    private static void Rows(ReadOnlySpan<byte> plane, Span<float> rows, Span<float> line, ReadOnlySpan<float> weights)
    {
        int reach = weights.Length / 2, width = line.Length - 2 * reach;
        for (int row = 0; row < plane.Length; row += width)
        {
            for (int x = 0; x < line.Length; x++) line[x] = plane[row + Mirrored(x - reach, width)];
            Span<float> sums = rows.Slice(row, width);
            sums.Clear();
            for (int j = 0; j < weights.Length; j++) Accumulate(sums, weights[j], line.Slice(j, width));
        }
    }

    private static void Columns(ReadOnlySpan<float> rows, Span<byte> plane, Span<float> sums,
        ReadOnlySpan<float> weights)
    {
        int reach = weights.Length / 2, width = sums.Length, height = plane.Length / width;
        for (int y = 0; y < height; y++)
        {
            sums.Clear();
            for (int j = 0; j < weights.Length; j++)
                Accumulate(sums, weights[j], rows.Slice(Mirrored(y + j - reach, height) * width, width));
            Span<byte> target = plane.Slice(y * width, width);
            for (int x = 0; x < width; x++) target[x] = (byte)MathF.Min(255, MathF.Round(sums[x]));
        }
    }

    private static void Accumulate(Span<float> sums, float weight, ReadOnlySpan<float> samples)
    {
        int i = 0;
        for (; i <= sums.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(sums[i..]) + weight * new Vector<float>(samples[i..])).CopyTo(sums[i..]);
        for (; i < sums.Length; i++) sums[i] += weight * samples[i];
    }

    /// <summary>Beyond the edge the image goes on mirrored, without repeating its last pixel.</summary>
    private static int Mirrored(int i, int length) => i < 0 ? -i : i < length ? i : 2 * (length - 1) - i;
}
