namespace Fovea.Data.Datasets.Files;

/// <summary>Small text files that come with datasets.</summary>
internal static class TextLines
{
    private const long LargestFile = 64 << 20;

    /// <summary>The lines that are not blank, trimmed, with their numbers from 1.</summary>
    /// <exception cref="DataException">The file cannot be read, is in an unknown encoding or is too large to be a
    /// list.</exception>
    public static List<(int Line, string Text)> Read(string path) =>
        [.. TextFile.Read(path, LargestFile).ReplaceLineEndings("\n").Split('\n')
            .Select((text, i) => (i + 1, text.Trim())).Where(line => line.Item2.Length > 0)];
}
