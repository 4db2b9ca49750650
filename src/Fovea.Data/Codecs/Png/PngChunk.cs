using System.Buffers.Binary;
using System.Text;

namespace Fovea.Data.Codecs.Png;

/// <summary>One chunk of a PNG file: length, type, body, checksum.</summary>
/// <param name="Offset">Where its body starts in the file.</param>
/// <param name="Length">Bytes of its body.</param>
/// <param name="Type">Its four letters.</param>
/// <remarks>Source: PNG specification (third edition), section 5.</remarks>
internal readonly record struct PngChunk(int Offset, int Length, uint Type)
{
    public const uint Header = 0x49484452, PaletteType = 0x504C5445, Data = 0x49444154, End = 0x49454E44, Exif = 0x65584966;

    /// <summary>Bytes before and after the body.</summary>
    private const int Before = 8, After = 4;

    /// <summary>A small first letter says that the image can be shown without this chunk.</summary>
    public bool IsAncillary => (Type >> 24 & 0x20) != 0;

    public ReadOnlySpan<byte> Body(ImageSource source) => source.Bytes.Slice(Offset, Length);

    /// <summary>The chunk at <paramref name="offset"/>, which moves behind it.</summary>
    /// <exception cref="DataException">The file ends within it.</exception>
    public static PngChunk Read(ImageSource source, ref int offset)
    {
        source.Require(offset, Before + After, "a chunk's frame");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[offset..]);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[(offset + 4)..]);
        source.Require(offset, (long)length + Before + After, $"chunk {Name(type)}");
        PngChunk chunk = new(offset + Before, (int)length, type);
        offset += (int)length + Before + After;
        return chunk;
    }

    /// <summary>Whether the checksum fits type and body.</summary>
    public bool IsIntact(ImageSource source) =>
        Crc32.Of(source.Bytes.Slice(Offset - 4, Length + 4)) == BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[(Offset + Length)..]);

    /// <exception cref="DataException">The checksum is wrong.</exception>
    public PngChunk RequireIntact(ImageSource source) => IsIntact(source) ? this
        : throw source.Error($"is damaged: the checksum of chunk {Name(Type)} at offset {Offset} is wrong.");

    /// <summary>The four letters; what is no letter shows as a question mark.</summary>
    public static string Name(uint type) => new StringBuilder()
        .Append(Letter(type >> 24)).Append(Letter(type >> 16)).Append(Letter(type >> 8)).Append(Letter(type)).ToString();

    private static char Letter(uint value) => char.IsAsciiLetter((char)(byte)value) ? (char)(byte)value : '?';
}
