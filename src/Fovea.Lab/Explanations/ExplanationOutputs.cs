using Fovea.Core.Files;

namespace Fovea.Lab.Explanations;

/// <summary>Writes an explanation into a directory.</summary>
public static class ExplanationOutputs
{
    /// <summary>Writes <c>explain.html</c>, and of each figure <c>IMAGE-NAME.png</c> or <c>model-NAME.png</c>; each
    /// file is replaced in one move.</summary>
    /// <returns>The page's path.</returns>
    /// <exception cref="CheckpointException">The directory could not be made, or a file not written; the previous one
    /// is as it was.</exception>
    public static string Write(ModelExplanation explanation, string directory)
    {
        MakeDirectory(directory);
        HashSet<string> taken = ["model"];
        foreach (ExplainedImage image in explanation.Images) WriteAll(FileName(image.Name, taken), image.Figures);
        WriteAll("model", explanation.Model);
        string page = Path.Combine(directory, "explain.html");
        AtomicFile.WriteText(page, ExplanationPage.Render(explanation));
        return page;

        void WriteAll(string prefix, IReadOnlyList<ExplainedFigure> figures)
        {
            foreach (ExplainedFigure figure in figures)
                AtomicFile.Write(Path.Combine(directory, $"{prefix}-{figure.Name}.png"),
                    stream => stream.Write(figure.Figure.ToPng()));
        }
    }

    /// <summary>Makes a folder for results, unless it is there.</summary>
    /// <exception cref="CheckpointException">It could not be made.</exception>
    internal static void MakeDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"the folder '{directory}' could not be made: {error.Message}",
                error)
            { Field = "out" };
        }
    }

    /// <summary>A name for files: letters, digits, dots and hyphens, and not yet taken.</summary>
    private static string FileName(string image, HashSet<string> taken)
    {
        string plain = string.Concat(Path.GetFileNameWithoutExtension(image)
            .Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
        if (plain.Trim('.', '-').Length == 0) plain = "image";
        string name = plain;
        for (int number = 2; !taken.Add(name.ToLowerInvariant()); number++) name = $"{plain}-{number}";
        return name;
    }
}
