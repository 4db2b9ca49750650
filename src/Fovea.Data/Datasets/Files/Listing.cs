namespace Fovea.Data.Datasets.Files;

/// <summary>Lists in messages.</summary>
internal static class Listing
{
    /// <summary>Things that a message names.</summary>
    public const int Most = 10;

    /// <summary>The first ten, and how many more there are.</summary>
    public static string Of(IEnumerable<string> things, string separator = ", ")
    {
        string[] all = [.. things];
        string rest = all.Length > Most ? $"{separator}and {all.Length - Most} more" : "";
        return string.Join(separator, all.Take(Most)) + rest;
    }
}
