using Fovea.Core.Options;

namespace Fovea.Vision;

/// <summary>
/// Description of an image classifier, whatever its family. A preset is adapted to a dataset with
/// <c>preset.Config with { ImageSize = 28, Channels = 1, Classes = 10 }</c>, and with <see cref="Apply"/> to what a
/// recipe asks for.
/// </summary>
public abstract record ModelConfig
{
    private const int MostChannels = 1024;
    private const int MostClasses = 1_000_000;

    /// <summary>Side of the square input image, pixels; 1 or more.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Channels of the input image; 1 or more.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Classes; 0 builds the model without a classifier head, its result is then the pooled
    /// features.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Builds the model; nothing is allocated yet.</summary>
    /// <exception cref="UsageException">A field cannot be used; see <see cref="Validate"/>.</exception>
    public abstract ImageClassifier Build();

    /// <summary>Checks every field.</summary>
    /// <exception cref="UsageException">The first field that cannot be used, with its value and what is
    /// possible.</exception>
    public abstract void Validate();

    /// <summary>The config with some options changed.</summary>
    /// <param name="changes">Options to change; null ones stay.</param>
    /// <exception cref="UsageException">The family does not have an option.</exception>
    public abstract ModelConfig Apply(ModelOptions changes);

    /// <summary>The values of all options that the family has.</summary>
    public abstract ModelOptions Describe();

    /// <summary>Checks the sizes that all families have.</summary>
    /// <exception cref="UsageException">One is out of range.</exception>
    private protected void ValidateSizes()
    {
        Check.Between(1, SizeForms.MostPixels, ImageSize, nameof(ImageSize));
        Check.Between(1, MostChannels, Channels, nameof(Channels));
        Check.Between(0, MostClasses, Classes, nameof(Classes));
    }

    /// <summary>Sizes for listings.</summary>
    public virtual ModelSizes Measure() => default;
}
