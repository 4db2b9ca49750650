using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Caching;

namespace Fovea.Data.Datasets.Splits;

/// <summary>Options for loading a dataset.</summary>
public sealed record DatasetOptions
{
    /// <summary>Decides what is held out, what limits keep, and how shapes are drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>Share of the training set to hold out where no validation set is published: 0 to below 1; usually
    /// 0.1.</summary>
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Share of the images to hold out where no test set is published: above 0 to below 1.</summary>
    public double TestShare { get; init; } = 0.1;

    /// <summary>
    /// Classes to keep, numbered anew: how many, from the first on, or names separated by commas, in this order; null
    /// keeps all.
    /// </summary>
    public string? Classes { get; init; }

    /// <summary>Share of the training images of each class to keep, after the validation set was held out: above 0 to
    /// 1.</summary>
    public double TrainFraction { get; init; } = 1;

    /// <summary>
    /// Replaces an image that cannot be read by the next one of its class and part that can, and counts it (see
    /// <see cref="ReadableImages"/>); otherwise it ends the work with an error.
    /// </summary>
    public bool SkipBad { get; init; }

    /// <summary>Treatment of an image that is there more than once (datasets of image files only).</summary>
    public CopyPolicy Copies { get; init; } = CopyPolicy.Once;

    /// <summary>Limits on the cost of an image (datasets of image files only).</summary>
    public DecodeLimits Limits { get; init; } = DecodeLimits.Default;

    /// <summary>File that lists images with several classes each (<see cref="MultiLabelImages"/>); null: each image has
    /// one class.</summary>
    public string? Labels { get; init; }

    /// <summary>Folder of images that are learned from without classes: none of its images has a class of the dataset,
    /// wherever it lies. Null: there is none.</summary>
    public string? Unlabelled { get; init; }

    /// <summary>Training images to keep, balanced over the classes; null keeps all.</summary>
    public int? TrainLimit { get; init; }

    /// <summary>Validation and test images to keep, each, balanced over the classes; null keeps all.</summary>
    public int? EvaluationLimit { get; init; }

    /// <summary>Keeps images, decoded and resized, in one file (datasets of image files only); null: decodes each
    /// time.</summary>
    public CacheOptions? Cache { get; init; }

    /// <summary>Complains about values that make no sense.</summary>
    /// <exception cref="UsageException">Names the value and its range.</exception>
    public void Validate()
    {
        if (ValidationShare is not (>= 0 and < 1))
            throw new UsageException($"validation share: must be from 0 to below 1, not {ValidationShare}.");
        if (TestShare is not (> 0 and < 1))
            throw new UsageException($"test share: must be above 0 and below 1, not {TestShare}.");
        if (TrainFraction is not (> 0 and <= 1))
            throw new UsageException($"train fraction: must be above 0 and up to 1, not {TrainFraction}.");
        if (TrainLimit < 1) throw new UsageException($"train limit: must be 1 or more, not {TrainLimit}.");
        Cache?.Validate();
        if (EvaluationLimit < 1) throw new UsageException($"eval limit: must be 1 or more, not {EvaluationLimit}.");
    }
}
