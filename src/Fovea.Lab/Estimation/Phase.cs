using System.Globalization;

namespace Fovea.Lab.Estimation;

/// <summary>A part of a schedule: so many epochs over a dataset, and an evaluation after each.</summary>
/// <param name="Name">The dataset.</param>
/// <param name="Train">Training images.</param>
/// <param name="Evaluated">Images that are evaluated after each epoch.</param>
/// <param name="Epochs">Passes over the training images.</param>
public sealed record Phase(string Name, long Train, long Evaluated, double Epochs)
{
    private const double EvaluationShare = 1 / 3.0;   // a forward pass of a training step's three

    private static readonly Dictionary<string, (long Train, long Evaluated)> Sizes = new()
    {
        ["imagenet"] = (1_281_167, 50_000),
        ["imagenet21k"] = (14_197_122, 0),
        ["cifar10"] = (50_000, 10_000),
        ["cifar100"] = (50_000, 10_000),
        ["mnist"] = (60_000, 10_000),
        ["fashion-mnist"] = (60_000, 10_000),
        ["cats-and-dogs"] = (25_000, 2_500),
    };

    /// <summary>Seconds that it takes.</summary>
    /// <param name="training">Images per second in training.</param>
    /// <param name="supervised">The same where no images without labels are learned from, too: an image that is only
    /// evaluated takes a third.</param>
    public double Seconds(double training, double supervised) =>
        Epochs * (Train / training + Evaluated * EvaluationShare / supervised);

    /// <summary>Phases from <c>imagenet:300,cifar10:100</c>; a number of images may stand for a name.</summary>
    /// <exception cref="UsageException">A dataset or a number is not understood.</exception>
    public static IReadOnlyList<Phase> Parse(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ParseOne)];

    private static Phase ParseOne(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length != 2 || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture,
            out double epochs) || !(epochs is > 0 and <= 1e6))
            throw new UsageException($"'{text}' is not DATASET:EPOCHS, such as imagenet:300.") { Field = "schedule" };
        if (Sizes.TryGetValue(parts[0], out (long Train, long Evaluated) size))
            return new(parts[0], size.Train, size.Evaluated, epochs);
        if (long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long images) && images is > 0
            and <= 1_000_000_000_000)
            return new(parts[0], images, 0, epochs);
        string near = NearestName.Of(parts[0], Sizes.Keys) is string name ? $"; did you mean '{name}'?" : ".";
        throw new UsageException(
            $"the size of '{parts[0]}' is not known; give a number of images or one of "
                + $"{string.Join(", ", Sizes.Keys)}{near}")
        { Field = "schedule" };
    }
}
