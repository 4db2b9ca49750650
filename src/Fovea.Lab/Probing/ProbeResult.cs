namespace Fovea.Lab.Probing;

/// <summary>Accuracies on frozen features; the JSON of <c>fovea probe</c>.</summary>
public sealed record ProbeResult
{
    /// <summary>Preset.</summary>
    public required string Model { get; init; }

    /// <summary>Whose weights.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>Features of an image.</summary>
    public required int Features { get; init; }

    /// <summary>Images that votes and classifiers came from, that chose, and that were tested.</summary>
    public required ProbeImages Images { get; init; }

    /// <summary>Accuracy by number of neighbours.</summary>
    public required IReadOnlyList<NeighbourResult> Neighbours { get; init; }

    /// <summary>The linear classifier.</summary>
    public required LinearProbeResult Linear { get; init; }
}

/// <summary>Numbers of images.</summary>
/// <param name="Train">To learn from.</param>
/// <param name="HeldOut">To choose by.</param>
/// <param name="Test">For the figures.</param>
public sealed record ProbeImages(int Train, int HeldOut, int Test);

/// <summary>Accuracy of a vote of neighbours.</summary>
/// <param name="K">Number of neighbours.</param>
/// <param name="TestAccuracy">Share of the test images classified correctly, 0 to 1.</param>
public sealed record NeighbourResult(int K, double TestAccuracy);
