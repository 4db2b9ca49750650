using Fovea.Training.Checkpoints;

namespace Fovea.Server.Models;

/// <summary>Properties of a file that change when it is replaced.</summary>
/// <param name="Path">The file that a model's path stands for at the moment.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Written">Last change.</param>
internal sealed record FileStamp(string Path, long Length, DateTime Written)
{
    /// <summary>The stamp of the file that a path stands for; null: there is none, or it cannot be looked at.</summary>
    public static FileStamp? Of(string path)
    {
        try
        {
            FileInfo file = new(ModelWeights.FileOf(path));
            return new(file.FullName, file.Length, file.LastWriteTimeUtc);
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
