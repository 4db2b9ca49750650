namespace Fovea.Core;

/// <summary>Finds what somebody probably meant.</summary>
public static class Suggest
{
    /// <summary>The known name with the fewest typing errors from <paramref name="name"/>; the first of several.</summary>
    /// <returns>The name, or null where all are farther away than a third of the letters (at least 2).</returns>
    public static string? NearestName(string name, IEnumerable<string> known)
    {
        string lower = name.ToLowerInvariant();
        string? nearest = known.MinBy(candidate => EditDistance.Between(lower, candidate.ToLowerInvariant()));
        int limit = Math.Max(2, name.Length / 3);
        return nearest is not null && EditDistance.Between(lower, nearest.ToLowerInvariant()) <= limit ? nearest : null;
    }

    /// <summary>" Did you mean 'x'?", or nothing.</summary>
    internal static string DidYouMean(string name, IEnumerable<string> known) =>
        NearestName(name, known) is string nearest ? $" Did you mean '{nearest}'?" : "";
}
