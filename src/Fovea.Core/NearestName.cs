using System.Globalization;

namespace Fovea.Core;

/// <summary>Finds what somebody may have meant, for messages about unknown names. Nothing is suggested that is far
/// away.</summary>
public static class NearestName
{
    /// <summary>Words of other programs for devices and precisions.</summary>
    private static readonly Dictionary<string, string> Synonyms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["gpu"] = "cuda",
        ["nvidia"] = "cuda",
        ["metal"] = "mps",
        ["half"] = "bf16",
        ["fp16"] = "bf16",
        ["float16"] = "bf16",
        ["bfloat16"] = "bf16",
        ["single"] = "fp32",
        ["float"] = "fp32",
        ["float32"] = "fp32",
    };

    /// <summary>The candidate with the fewest typing errors from <paramref name="name"/>, ignoring case; the first of
    /// several. What another word means (<c>gpu</c>, <c>gpu:0</c>) goes before.</summary>
    /// <returns>The candidate, or null where all are farther away than a third of the letters (at least 2).</returns>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        if (Synonyms.TryGetValue(name.Split(':')[0], out string? meant) && candidates.Contains(meant)) return meant;
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

    /// <summary>Typing errors (Damerau-Levenshtein, restricted): letters to insert, delete or replace, and neighbours
    /// to swap. Case counts.</summary>
    public static int Distance(string left, string right)
    {
        // rows[i][j]: first i letters of left to first j of right
        int[][] rows = [.. Enumerable.Range(0, left.Length + 1).Select(_ => new int[right.Length + 1])];
        for (int i = 0; i <= left.Length; i++)
            for (int j = 0; j <= right.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i][j] = i + j;
                    continue;
                }

                int replaced = rows[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                rows[i][j] = Math.Min(replaced, 1 + Math.Min(rows[i - 1][j], rows[i][j - 1]));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    rows[i][j] = Math.Min(rows[i][j], rows[i - 2][j - 2] + 1);
            }

        return rows[^1][^1];
    }
}
