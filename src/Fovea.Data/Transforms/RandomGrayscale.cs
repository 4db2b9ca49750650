using System.Globalization;

namespace Fovea.Data.Transforms;

/// <summary><c>random-grayscale[:p=0.1]</c>: <see cref="Grayscale"/>, at times.</summary>
/// <param name="Probability">How often, 0 to 1.</param>
public sealed record RandomGrayscale(double Probability = 0.1) : ImageTransform
{
    private static readonly Grayscale Grey = new();

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (draws.Uniform(0) < Probability) Grey.Apply(image, draws, scratch);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Probability == 0.1 ? "random-grayscale" : string.Create(CultureInfo.InvariantCulture, $"random-grayscale:p={Probability}");
}
