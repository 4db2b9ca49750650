using Fovea.Training.Models;

namespace Fovea.Server.Models;

/// <summary>A model that is served under a name.</summary>
/// <param name="Name">By which clients ask for it.</param>
/// <param name="Path">Run directory, checkpoint or file of weights.</param>
/// <param name="Load">Loads the path, each time anew: whoever asks releases the model.</param>
public sealed record NamedModel(string Name, string Path, Func<string, TrainedModel> Load)
{
    /// <summary>Name and path of <c>NAME=PATH</c>, or of a path alone, whose last part is the name.</summary>
    /// <param name="text">The text; a path that exists is a path, whatever signs are in it.</param>
    public static (string Name, string Path) Read(string text)
    {
        int at = text.IndexOf('=');
        if (at > 0 && at < text.Length - 1 && !File.Exists(text) && !Directory.Exists(text)
            && text.AsSpan(0, at).IndexOfAny('/', '\\') < 0)
            return (text[..at], text[(at + 1)..]);
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(text));
        return (Directory.Exists(full) ? System.IO.Path.GetFileName(full)
            : System.IO.Path.GetFileNameWithoutExtension(full), text);
    }
}
