namespace Fovea.Lab.Probing;

/// <summary>Settings of the probes.</summary>
public sealed record ProbeOptions
{
    /// <summary>Numbers of neighbours that vote, each 1 or more.</summary>
    public IReadOnlyList<int> Neighbours { get; init; } = [10, 20, 100, 200];

    /// <summary>Temperature of the votes, above 0.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>Passes of each linear classifier over the training features.</summary>
    public int Epochs { get; init; } = 30;

    /// <summary>Images whose features are computed at a time.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Decides what is held out where there is no validation set, and the order of training.</summary>
    public ulong Seed { get; init; }
}
