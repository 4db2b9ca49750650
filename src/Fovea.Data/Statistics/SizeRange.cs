namespace Fovea.Data.Statistics;

/// <summary>The spread of a size.</summary>
/// <param name="Min">The smallest.</param>
/// <param name="Median">The middle one; the lower of two.</param>
/// <param name="Max">The largest.</param>
public sealed record SizeRange(int Min, int Median, int Max)
{
    /// <summary>The spread of some sizes; zeros where there are none.</summary>
    public static SizeRange Of(IEnumerable<int> sizes)
    {
        int[] sorted = [.. sizes.Order()];
        return sorted.Length == 0 ? new(0, 0, 0) : new(sorted[0], sorted[(sorted.Length - 1) / 2], sorted[^1]);
    }
}
