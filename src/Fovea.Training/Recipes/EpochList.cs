namespace Fovea.Training.Recipes;

/// <summary>Epochs in ascending order; two lists of the same epochs are equal.</summary>
/// <param name="epochs">In ascending order, each at least 1.</param>
public sealed class EpochList(params IEnumerable<int> epochs) : IEquatable<EpochList>
{
    /// <summary>The epochs.</summary>
    public IReadOnlyList<int> Epochs { get; } = [.. epochs];

    /// <inheritdoc/>
    public bool Equals(EpochList? other) => other is not null && Epochs.SequenceEqual(other.Epochs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as EpochList);

    /// <inheritdoc/>
    public override int GetHashCode() => Epochs.Aggregate(0, HashCode.Combine);

    /// <summary>The epochs separated by commas.</summary>
    public override string ToString() => string.Join(',', Epochs);
}
