namespace Fovea.Data;

/// <summary>Description of a dataset, without its images.</summary>
public sealed record DatasetInfo
{
    /// <summary>Name in the catalogue, such as <c>cifar10</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Planes of an image: 1 (grey) or 3 (red, green, blue).</summary>
    public required int Channels { get; init; }

    /// <summary>Rows of an image; the usual size where images differ.</summary>
    public required int Height { get; init; }

    /// <summary>Columns of an image; the usual size where images differ.</summary>
    public required int Width { get; init; }

    /// <summary>Names of the classes, in the order of their numbers.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Identifiers of the classes where it is not their names, such as ImageNet's wnids, which are its
    /// folders; otherwise null.</summary>
    public IReadOnlyList<string>? ClassIds { get; init; }

    /// <summary>Mean and deviation of the training set.</summary>
    public required Normalization Normalization { get; init; }

    /// <summary>Number of classes.</summary>
    public int Classes => ClassNames.Count;
}
