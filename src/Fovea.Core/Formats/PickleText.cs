using System.Text;

namespace Fovea.Core.Formats;

/// <summary>A string of a pickle, of bytes or of letters: a slice of the file. It becomes letters once, however often a
/// hostile file recalls it.</summary>
internal sealed class PickleText(ReadOnlyMemory<byte> bytes)
{
    private string? _letters;

    /// <summary>As it stands in the file.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <inheritdoc/>
    public override string ToString() => _letters ??= Encoding.UTF8.GetString(bytes.Span);
}
