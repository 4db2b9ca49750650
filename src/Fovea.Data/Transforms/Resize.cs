namespace Fovea.Data.Transforms;

/// <summary>
/// <c>resize:SHORTER</c> keeps the proportions (longer side rounded down), <c>resize:HEIGHTxWIDTH</c> does not;
/// both take <c>:interpolation=bicubic</c>.
/// </summary>
/// <param name="Height">Rows, or the shorter side in pixels.</param>
/// <param name="Width">Columns; none to keep the proportions.</param>
/// <param name="Interpolation">Bilinear, as in torchvision, unless told otherwise.</param>
public sealed record Resize(int Height, int? Width = null, Interpolation Interpolation = Interpolation.Bilinear) : ImageTransform
{
    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        (int height, int width) = Width is int exact ? (Height, exact)
            : image.Height <= image.Width ? (Height, Longer(image.Width, image.Height))
            : (Longer(image.Height, image.Width), Height);
        scratch.Resize(image, height, width, Interpolation);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string size = Width is int width ? $"{Height}x{width}" : $"{Height}";
        return $"resize:{size}{(Interpolation == default ? "" : $":interpolation={Interpolation.ToString().ToLowerInvariant()}")}";
    }

    private int Longer(int longer, int shorter) => (int)((long)Height * longer / shorter);
}
