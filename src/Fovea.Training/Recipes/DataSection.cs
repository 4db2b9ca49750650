using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Caching;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Training.Recipes;

/// <summary>The images, and their transforms.</summary>
public sealed record DataSection
{
    /// <summary>Dataset; null: the usual one of the model, or the drawn shapes.</summary>
    public string? Dataset { get; init; }

    /// <summary>Folder with the dataset's files; null where the dataset needs none.</summary>
    public string? Directory { get; init; }

    /// <summary>File that lists images with several classes each; null: each image has one class.</summary>
    public string? Labels { get; init; }

    /// <summary>Transforms of training images; null: what suits the dataset.</summary>
    public TransformPipeline? Augmentation { get; init; }

    /// <summary>Automatic augmentation behind the other transforms; null: none but theirs.</summary>
    public AutomaticAugmentation? AutoAugment { get; init; }

    /// <summary>
    /// Largest change of brightness, contrast and saturation, in place of the transforms' own; null: theirs. Left out
    /// beside <see cref="AutoAugment"/>.
    /// </summary>
    public double? ColorJitter { get; init; }

    /// <summary>Probability of mirroring left and right, 0 to 1, in place of the transforms' own; null:
    /// theirs.</summary>
    public double? HorizontalFlip { get; init; }

    /// <summary>Probability of mirroring top and bottom, 0 to 1, in place of the transforms' own; null:
    /// theirs.</summary>
    public double? VerticalFlip { get; init; }

    /// <summary>Times that an image comes in a row, each transformed anew; 1. An epoch stays as long.</summary>
    public int AugmentRepeats { get; init; } = 1;

    /// <summary>Share of a resized image that validation and test cut from its middle, above 0 to 1; null: the usual
    /// one of the dataset.</summary>
    public double? CropShare { get; init; }

    /// <summary>Interpolation of resized images: for validation and test, and for training unless
    /// <see cref="Augmentation"/> says; null: bilinear.</summary>
    public Interpolation? Interpolation { get; init; }

    /// <summary>Mean of red, green and blue that images are normalised with, samples from 0 to 1; null: the
    /// dataset's.</summary>
    public (double Red, double Green, double Blue)? Mean { get; init; }

    /// <summary>Standard deviations beside <see cref="Mean"/>, above 0; null: the dataset's.</summary>
    public (double Red, double Green, double Blue)? Std { get; init; }

    /// <summary>Number of classes that the data must have; null: any.</summary>
    public int? ClassCount { get; init; }

    /// <summary>Share of the training images held out where there is no validation set, 0 to 1; null: the
    /// dataset's.</summary>
    public double? ValidationShare { get; init; }

    /// <summary>Decides which images are held out and kept; null: that of the run that weights or teacher come from
    /// where it learned from the same dataset, otherwise the run's seed.</summary>
    public ulong? SplitSeed { get; init; }

    /// <summary>Classes to keep: how many, from the first on, or names separated by commas; null: all.</summary>
    public string? Classes { get; init; }

    /// <summary>Share of the training images of each class to keep, above 0 to 1.</summary>
    public double TrainFraction { get; init; } = 1;

    /// <summary>Passes over images that cannot be read, and counts them; otherwise the first ends the run.</summary>
    public bool SkipBad { get; init; }

    /// <summary>Treatment of images that are there more than once.</summary>
    public CopyPolicy Copies { get; init; } = CopyPolicy.Once;

    /// <summary>Pixels that an image file may have.</summary>
    public int MaxPixels { get; init; } = DecodeLimits.UsualPixels;

    /// <summary>File or folder that keeps images, decoded and resized once; null: none.</summary>
    public string? Cache { get; init; }

    /// <summary>Shorter side of the images in the cache, in pixels.</summary>
    public int CacheSize { get; init; } = CacheOptions.UsualSide;

    /// <summary>A run goes on though its training images have changed since.</summary>
    public bool AllowChanged { get; init; }

    /// <summary>At most so many training images; null: all.</summary>
    public int? TrainLimit { get; init; }

    /// <summary>At most so many validation and test images each; null: all.</summary>
    public int? EvaluationLimit { get; init; }

    /// <summary>Threads that prepare images; null: chosen from the cores. Results do not depend on it.</summary>
    public int? Workers { get; init; }

    /// <summary>With another automatic augmentation, or none: transforms that were made for the one before lose its
    /// step, and where there is one now, that of <see cref="ColorJitter"/>.</summary>
    internal DataSection With(AutomaticAugmentation? automatic)
    {
        TransformPipeline? steps = Augmentation;
        if (AutoAugment is not null && automatic is null) steps = steps?.Without(AutomaticAugmentation.IsStep);
        if (this is { AutoAugment: null, ColorJitter: not null } && automatic is not null)
            steps = steps?.Without(step => step is ColorJitter);
        return this with { AutoAugment = automatic, Augmentation = steps };
    }
}
