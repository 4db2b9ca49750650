using System.Text.Json.Serialization;

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

    /// <summary>
    /// Sets of classes that images have, by number, where an image may have several classes or none: its label is the
    /// number of its set. Null: each image has one class, which is its label. A checkpoint keeps an empty list.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>>? LabelSets { get; init; }

    /// <summary>An image may have several classes, or none.</summary>
    [JsonIgnore]
    public bool IsMultiLabel => LabelSets is not null;

    /// <summary>Name of a label: that of the class, or the names of the set's classes.</summary>
    /// <param name="label">As <see cref="IImageDataset.Label"/> gives it.</param>
    public string NameOf(int label) => LabelSets is null ? ClassNames[label]
        : LabelSets[label].Count == 0 ? "none" : string.Join("; ", LabelSets[label].Select(one => ClassNames[one]));

    /// <summary>Number of classes.</summary>
    public int Classes => ClassNames.Count;
}
