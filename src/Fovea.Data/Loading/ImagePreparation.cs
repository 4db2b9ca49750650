using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Loading;

/// <summary>Turns images into what a model takes, one at a time: transform, resize, set channels, normalise. It keeps
/// working memory, so each thread has one of its own.</summary>
public sealed class ImagePreparation
{
    private readonly LoaderOptions _options;
    private readonly Normalization _normalization;
    private readonly ImageScratch _scratch = new();

    /// <summary>The preparation that a loader with these options does.</summary>
    /// <param name="info">The dataset: sizes and normalisation that the options do not say.</param>
    /// <param name="options">Size and transforms.</param>
    /// <exception cref="UsageException">An option makes no sense.</exception>
    public ImagePreparation(DatasetInfo info, LoaderOptions options)
    {
        options.Validate();
        _options = options;
        (Channels, Height, Width) = (options.Channels ?? info.Channels, options.Height ?? info.Height,
            options.Width ?? info.Width);
        _normalization = (options.Normalization ?? info.Normalization).ForChannels(Channels);
        LeastSide = SourceSize.LeastSide(options.Transforms);
    }

    /// <summary>Channels of the result.</summary>
    public int Channels { get; }

    /// <summary>Rows of the result.</summary>
    public int Height { get; }

    /// <summary>Columns of the result.</summary>
    public int Width { get; }

    /// <summary>Numbers of the result.</summary>
    public int Length => Channels * Height * Width;

    /// <summary>Pixels that the shorter side of an image needs at least, so that decoding may shrink it; 0: the full
    /// size.</summary>
    public int LeastSide { get; }

    /// <summary>Prepares an image as the first one of an epoch.</summary>
    /// <param name="image">Changed on the way.</param>
    /// <param name="target">Gets <c>[channel, height, width]</c>.</param>
    /// <exception cref="DataException">A transform does not fit the image.</exception>
    public void Prepare(RawImage image, Span<float> target) =>
        Prepare(image, target, Philox.For(_options.Seed, "augment", 0, 0));

    /// <inheritdoc cref="Prepare(RawImage, Span{float})"/>
    /// <param name="image">Changed on the way.</param>
    /// <param name="target">Gets <c>[channel, height, width]</c>.</param>
    /// <param name="draws">Random numbers of the transforms.</param>
    internal void Prepare(RawImage image, Span<float> target, Philox draws)
    {
        _options.Transforms.Apply(image, draws, _scratch);
        _scratch.Resize(image, Height, Width, _options.Interpolation);
        _scratch.SetChannels(image, Channels);
        int area = Height * Width;
        for (int channel = 0; channel < Channels; channel++)
            PixelNormalizer.Convert(image.Plane(channel), target.Slice(channel * area, area),
                _normalization.Mean[channel], _normalization.Std[channel]);
        _options.Transforms.ApplyNormalized(target, Height, Width, draws);
    }
}
