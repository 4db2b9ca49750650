using System.Globalization;

namespace Fovea.Core;

/// <summary>Finds what somebody may have meant, for messages about unknown names. Nothing is suggested that is far
/// away.</summary>
public static class NearestName
{
    /// <summary>The candidate with the fewest typing errors from <paramref name="name"/>, ignoring case; the first of
    /// several.</summary>
    /// <returns>The candidate, or null where all are farther away than a third of the letters (at least 2).</returns>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        string lower = name.ToLowerInvariant();
        string? nearest = candidates.MinBy(candidate => Distance(lower, candidate.ToLowerInvariant()));
        int limit = Math.Max(2, name.Length / 3);
        return nearest is not null && Distance(lower, nearest.ToLowerInvariant()) <= limit ? nearest : null;
    }

    /// <summary>A question about the nearest candidate; nothing where none is near.</summary>
    /// <param name="name">What was asked for.</param>
    /// <param name="candidates">What there is.</param>
    /// <param name="pattern">The question; <c>{0}</c> is the candidate.</param>
    public static string Question(string name, IEnumerable<string> candidates,
        string pattern = "; did you mean '{0}'?") =>
        Of(name, candidates) is string nearest ? string.Format(CultureInfo.InvariantCulture, pattern, nearest) : "";

    /// <summary><c>there is no attention called 'sofmax'; did you mean 'softmax'? There are: linear,
    /// softmax.</c></summary>
    /// <param name="kind">What is looked for, e.g. <c>attention</c>.</param>
    /// <param name="name">What was asked for.</param>
    /// <param name="candidates">What there is.</param>
    public static string Message(string kind, string name, IReadOnlyCollection<string> candidates)
    {
        if (candidates.Count == 0) return $"there is no {kind} called '{name}', there are none";
        string question = Question(name, candidates);
        return $"there is no {kind} called '{name}'{(question.Length > 0 ? question : ".")} There are: "
            + $"{string.Join(", ", candidates)}.";
    }

    /// <summary>Levenshtein distance: letters to insert, delete or replace. Case counts.</summary>
    public static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];   // row[j]: first i letters of left to first j of right
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
