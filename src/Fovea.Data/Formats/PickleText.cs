using System.Text;

namespace Fovea.Data.Formats;

/// <summary>A string of a pickle, of bytes or of letters: a slice of the file.</summary>
internal sealed record PickleText(ReadOnlyMemory<byte> Bytes)
{
    // A hostile file may use one huge string as a name a million times over.
    private const int LongestName = 80;

    /// <summary>As a name: at most 80 letters. The names in these files are shorter, and ASCII, where all encodings agree.</summary>
    public override string ToString() => Encoding.Latin1.GetString(Bytes.Span[..Math.Min(LongestName, Bytes.Length)]);
}
