namespace Fovea.Core;

/// <summary>Finds what somebody may have meant, for messages about unknown names.</summary>
public static class NearestName
{
    /// <summary>The candidate that the fewest changes of a letter lead to (Levenshtein), ignoring case; null without candidates.</summary>
    public static string? Of(string name, IEnumerable<string> candidates) =>
        candidates.MinBy(candidate => EditDistance.Between(name.ToUpperInvariant(), candidate.ToUpperInvariant()));

    /// <summary><c>there is no attention called 'sofmax'; did you mean 'softmax'? There are: linear, softmax.</c></summary>
    /// <param name="kind">What is looked for, e.g. <c>attention</c>.</param>
    /// <param name="name">What was asked for.</param>
    /// <param name="candidates">What there is.</param>
    public static string Message(string kind, string name, IReadOnlyCollection<string> candidates) => candidates.Count == 0
        ? $"there is no {kind} called '{name}', there are none"
        : $"there is no {kind} called '{name}'; did you mean '{Of(name, candidates)}'? There are: {string.Join(", ", candidates)}.";
}
