using System.Globalization;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Lab.Estimation;

/// <summary>A part of a schedule: so many epochs over a dataset, an evaluation after each, and a test at the
/// end.</summary>
/// <param name="Name">The dataset.</param>
/// <param name="Train">Training images, without those that are held out.</param>
/// <param name="Validation">Images that are evaluated after each epoch.</param>
/// <param name="Epochs">Passes over the training images.</param>
/// <param name="Test">Images that are evaluated once.</param>
public sealed record Phase(string Name, long Train, long Validation, double Epochs, long Test)
{
    private const double EvaluationShare = 1 / 3.0;   // a forward pass of a training step's three

    /// <summary>Parts as published: what is not there to test is held out first, and images to validate in any
    /// case.</summary>
    private static readonly Dictionary<string, (long Train, long Test)> Sizes = new()
    {
        ["imagenet"] = (1_281_167, 50_000),
        ["imagenet21k"] = (14_197_122, 0),
        ["cifar10"] = (50_000, 10_000),
        ["cifar100"] = (50_000, 10_000),
        ["mnist"] = (60_000, 10_000),
        ["fashion-mnist"] = (60_000, 10_000),
        ["cats-and-dogs"] = (25_000, 0),
    };

    /// <summary>Seconds that it takes.</summary>
    /// <param name="training">Images per second in training.</param>
    /// <param name="supervised">The same where no images without labels are learned from, too: an image that is only
    /// evaluated takes a third.</param>
    public double Seconds(double training, double supervised) =>
        Epochs * (Train / training + Validation * EvaluationShare / supervised)
            + Test * EvaluationShare / supervised;

    /// <summary>Phases from <c>imagenet:300,cifar10:100</c>; a number of images may stand for a name.</summary>
    /// <exception cref="UsageException">A dataset or a number is not understood.</exception>
    public static IReadOnlyList<Phase> Parse(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ParseOne)];

    /// <summary>As <c>fovea train</c> shares images out unless it is told otherwise.</summary>
    private static Phase HoldOut(string name, long train, long test, double epochs)
    {
        DatasetOptions usual = new();
        if (test == 0) train -= test = (long)Math.Round(usual.TestShare * train);
        long validation = (long)Math.Round(usual.ValidationShare * train);
        return new(name, train - validation, validation, epochs, test);
    }

    private static Phase ParseOne(string text)
    {
        string[] parts = text.Split(':');
        if (parts.Length != 2 || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture,
            out double epochs) || !(epochs is > 0 and <= 1e6))
            throw new UsageException($"'{text}' is not DATASET:EPOCHS, such as imagenet:300.") { Field = "schedule" };
        if (Sizes.TryGetValue(parts[0], out (long Train, long Test) size))
            return HoldOut(parts[0], size.Train, size.Test, epochs);
        if (long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long images) && images is > 0
            and <= 1_000_000_000_000)
            return new(parts[0], images, 0, epochs, 0);
        string near = NearestName.Of(parts[0], Sizes.Keys) is string name ? $"; did you mean '{name}'?" : ".";
        throw new UsageException(
            $"the size of '{parts[0]}' is not known; give a number of images or one of "
                + $"{string.Join(", ", Sizes.Keys)}{near}")
        { Field = "schedule" };
    }
}
