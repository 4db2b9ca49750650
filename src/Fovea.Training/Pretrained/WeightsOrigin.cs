using System.Text.Json;
using Fovea.Core.Files;
using Fovea.Core.Formats;

namespace Fovea.Training.Pretrained;

/// <summary>Note that is kept beside a fetched file: where it is from and what it was, so that it is the same
/// later.</summary>
/// <param name="Name">Name in the list.</param>
/// <param name="Preset">The model that it is for.</param>
/// <param name="Address">Where it was fetched from; null: people put it there.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its checksum.</param>
/// <param name="KnownBy">What that was compared with: <c>list</c>, <c>first-digits</c>, <c>server</c>, or
/// <c>nothing</c> at the first fetch.</param>
/// <param name="Written">Time of its last change: a file that is as old and as long is not read again.</param>
/// <param name="Mean">Mean of the channels that its images were normalised with; null: not known.</param>
/// <param name="Std">Standard deviation of the channels.</param>
public sealed record WeightsOrigin(string Name, string Preset, string? Address, long Bytes, string Sha256,
    string KnownBy, DateTime Written, IReadOnlyList<double>? Mean, IReadOnlyList<double>? Std)
{
    private const string Ending = ".origin.json";

    /// <summary>The note beside a file; null where there is none, or none that can be read.</summary>
    public static WeightsOrigin? Beside(string path)
    {
        const int Largest = 1 << 16;
        try
        {
            string note = path + Ending;
            return File.Exists(note) && new FileInfo(note).Length <= Largest
                && JsonText.Read<WeightsOrigin>(File.ReadAllText(note)) is
                {
                    Name: not null, Preset: not null,
                    Sha256: not null
                } origin ? origin : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the note.</summary>
    internal void Write(string path) => AtomicFile.WriteText(path + Ending, JsonText.Document(this));

    /// <summary>Path of the note.</summary>
    internal static string PathOf(string path) => path + Ending;

    /// <summary>True where the file has not been touched since.</summary>
    internal bool IsOf(FileInfo file) => file.Length == Bytes && file.LastWriteTimeUtc == Written;
}
