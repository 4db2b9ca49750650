namespace Fovea.Data.Datasets.Files;

/// <summary>Small text files that come with datasets.</summary>
internal static class TextLines
{
    private const long LargestFile = 64 << 20;

    /// <summary>The lines that are not blank, trimmed, with their numbers from 1.</summary>
    /// <exception cref="DataException">The file cannot be read or is too large to be a list.</exception>
    public static List<(int Line, string Text)> Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > LargestFile)
                throw new DataException($"{path}: is larger than {LargestFile} bytes, so no list of classes.");
            return [.. File.ReadLines(path).Select((text, i) => (i + 1, text.Trim()))
                .Where(line => line.Item2.Length > 0)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}
