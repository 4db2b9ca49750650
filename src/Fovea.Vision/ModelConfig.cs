namespace Fovea.Vision;

/// <summary>
/// What every image classifier is described by. A preset is adapted to a dataset with
/// <c>preset.Config with { ImageSize = 28, Channels = 1, Classes = 10 }</c>, whatever kind of model it is.
/// </summary>
public abstract record ModelConfig
{
    /// <summary>Side of the square input image, pixels; 1 or more.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Channels of the input image; 1 or more.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Classes; 0 builds the model without a head, its result is then the pooled features.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>Builds the model; nothing is allocated yet.</summary>
    /// <exception cref="UsageException">A field cannot be used; see <see cref="Validate"/>.</exception>
    public abstract ImageClassifier Build();

    /// <summary>Checks every field.</summary>
    /// <exception cref="UsageException">The first field that cannot be used, with its value and what is possible.</exception>
    public abstract void Validate();
}
