namespace Fovea.Data.Codecs.Decoding;

/// <summary>Options for reading an image.</summary>
public sealed record DecodeOptions
{
    /// <summary>Every image in full size, turned upright, within the default limits.</summary>
    public static DecodeOptions Default { get; } = new();

    /// <summary>Limits on the cost of the image.</summary>
    public DecodeLimits Limits { get; init; } = DecodeLimits.Default;

    /// <summary>
    /// 1, 2, 4 or 8: a JPEG is decoded to 1/2, 1/4 or 1/8 of its width and height (rounded up), which costs a fraction
    /// of the time. Each pixel is the mean of those it stands for, as in libjpeg. Other formats have no such short cut
    /// and keep their size. Default 1.
    /// </summary>
    public int Scale { get; init; } = 1;

    /// <summary>
    /// Shrinks a JPEG beyond <see cref="Scale"/>, by 2, 4 or 8, as long as its shorter side keeps this many pixels. 0,
    /// the default, does not.
    /// </summary>
    public int LeastSide { get; init; }

    /// <summary>
    /// Turns the image as its EXIF orientation says. Pillow and torchvision do not do so unasked: switch it off to see
    /// what a model saw that was trained with them. Default true.
    /// </summary>
    public bool ApplyOrientation { get; init; } = true;

    /// <summary>
    /// Gives what can be decoded of a JPEG that is cut off or damaged and leaves the rest grey, instead of refusing it.
    /// Default false.
    /// </summary>
    public bool AllowDamaged { get; init; }

    /// <summary>The scale for a JPEG of this size.</summary>
    internal int ScaleFor(int width, int height)
    {
        int scale = Scale;
        while (LeastSide > 0 && scale < 8 && Math.Min(width, height) / (2 * scale) >= LeastSide) scale *= 2;
        return scale;
    }

    /// <exception cref="UsageException">A value makes no sense.</exception>
    internal void Validate()
    {
        if (Scale is not (1 or 2 or 4 or 8))
            throw new UsageException($"DecodeOptions.Scale: must be 1, 2, 4 or 8, not {Scale}.");
        if (Limits.Pixels < 1 || Limits.Bytes < 1)
            throw new UsageException("DecodeLimits: pixels and bytes must be at least 1.");
    }
}
