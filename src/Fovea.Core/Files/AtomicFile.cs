using System.Text;

namespace Fovea.Core.Files;

/// <summary>Replaces a file as a whole: whoever reads it finds the old contents or the new ones, whatever happens in
/// between.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a file beside the old one, flushes it to the disk, renames it over the old one and flushes
    /// the folder, so that the new name outlasts a loss of power too.</summary>
    /// <param name="path">The file to replace or create.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="CheckpointException">It could not be written, e.g. onto a full disk; the previous file is as it
    /// was.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, stream => stream);

    /// <summary>Writes as <see cref="Write(string, Action{Stream})"/> does, with a last act before the old file is
    /// replaced.</summary>
    /// <param name="path">The file to replace or create.</param>
    /// <param name="write">Writes the contents.</param>
    /// <param name="written">Gets the path of the new file, whose contents are whole and on the disk.</param>
    /// <exception cref="CheckpointException">It could not be written; the previous file is as it was.</exception>
    internal static void Write(string path, Action<Stream> write, Action<string> written) =>
        Write(path, write, stream => stream, written);

    /// <summary>Replaces a file by a text in UTF-8.</summary>
    /// <exception cref="CheckpointException">It could not be written; the previous file is as it was.</exception>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <param name="path">The file to replace or create.</param>
    /// <param name="write">Writes the contents.</param>
    /// <param name="wrap">Puts a stream around the file's; tests make it fail.</param>
    /// <param name="written">Gets the path of the new file before it replaces the old one; null: nothing to
    /// do.</param>
    internal static void Write(string path, Action<Stream> write, Func<Stream, Stream> wrap,
        Action<string>? written = null)
    {
        string temporary = TemporaryFile.NameFor(path);
        try
        {
            TemporaryFile.RemoveLeftovers(path);
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                using Stream stream = wrap(file);
                write(stream);
                stream.Flush();
                file.Flush(flushToDisk: true);
            }

            written?.Invoke(temporary);
            File.Move(temporary, path, overwrite: true);
            FileNames.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            string previous = File.Exists(path) ? "the previous one is still there" : "nothing was there before";
            throw new CheckpointException($"{path}: could not be saved ({previous}): {error.Message}", error);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
        finally
        {
            TemporaryFile.Forget(temporary);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A rest of the failed attempt stays behind; a later process removes it.
        }
    }
}
