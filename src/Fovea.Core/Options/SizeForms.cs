namespace Fovea.Core.Options;

/// <summary>Forms of sizes that several commands, recipes and parts have, each with the range that makes sense at all.
/// What a machine can hold is asked for later, where the other sizes are known.</summary>
public static class SizeForms
{
    /// <summary>Most pixels along a side of an image.</summary>
    public const int MostPixels = 16_384;

    /// <summary>Most images at a time.</summary>
    public const int MostImages = 1_000_000;

    /// <summary>Pixels along a side of what a model takes.</summary>
    public static ValueForm<int> Pixels { get; } = ValueForm.Whole(1, MostPixels);

    /// <summary>Images at a time.</summary>
    public static ValueForm<int> Batch { get; } = ValueForm.Whole(1, MostImages);

    /// <summary>Threads that compute.</summary>
    public static ValueForm<int> Threads { get; } = ValueForm.Whole(1, 1024);

    /// <summary>Threads that prepare images.</summary>
    public static ValueForm<int> Workers { get; } = ValueForm.Whole(1, 256);

    /// <summary>Passes over data.</summary>
    public static ValueForm<int> Epochs { get; } = ValueForm.Whole(1, 1_000_000);

    /// <summary>Anything else of which there may be many.</summary>
    public static ValueForm<int> Count { get; } = ValueForm.Whole(1);

    /// <summary>Seconds of a measurement, a day at most.</summary>
    public static ValueForm<double> Seconds { get; } = ValueForm.Real(new Interval(0, 86_400, WithoutLow: true));
}
