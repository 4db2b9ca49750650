namespace Fovea.Nn;

/// <summary>Finds what somebody may have meant, for messages about unknown names.</summary>
public static class NearestName
{
    /// <summary>The candidate that the fewest changes of a letter lead to (Levenshtein), ignoring case; null without candidates.</summary>
    public static string? Of(string name, IEnumerable<string> candidates) => candidates.MinBy(candidate => Distance(name, candidate));

    /// <summary><c>there is no attention called 'sofmax'; did you mean 'softmax'? There are: linear, softmax.</c></summary>
    /// <param name="kind">What is looked for, e.g. <c>attention</c>.</param>
    /// <param name="name">What was asked for.</param>
    /// <param name="candidates">What there is.</param>
    public static string Message(string kind, string name, IReadOnlyCollection<string> candidates) => candidates.Count == 0
        ? $"there is no {kind} called '{name}', there are none"
        : $"there is no {kind} called '{name}'; did you mean '{Of(name, candidates)}'? There are: {string.Join(", ", candidates)}.";

    private static int Distance(string left, string right)
    {
        (left, right) = (left.ToUpperInvariant(), right.ToUpperInvariant());
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int changed = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
