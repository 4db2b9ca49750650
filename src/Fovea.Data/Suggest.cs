namespace Fovea.Data;

/// <summary>Finds what somebody probably meant.</summary>
public static class Suggest
{
    /// <summary>The known name with the fewest typing errors from <paramref name="name"/>; the first of several.</summary>
    /// <returns>The name, or null where all are farther away than a third of the letters (at least 2).</returns>
    public static string? NearestName(string name, IEnumerable<string> known)
    {
        string lower = name.ToLowerInvariant();
        string? nearest = known.MinBy(candidate => Distance(lower, candidate.ToLowerInvariant()));
        int limit = Math.Max(2, name.Length / 3);
        return nearest is not null && Distance(lower, nearest.ToLowerInvariant()) <= limit ? nearest : null;
    }

    /// <summary>" Did you mean 'x'?", or nothing.</summary>
    internal static string DidYouMean(string name, IEnumerable<string> known) =>
        NearestName(name, known) is string nearest ? $" Did you mean '{nearest}'?" : "";

    /// <summary>Levenshtein distance: letters to insert, delete or replace.</summary>
    internal static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];   // row[j]: distance of the first i letters of a to the first j of b
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
