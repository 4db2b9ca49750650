using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Skia;

/// <summary>Chunks of a PNG file, checked before libpng spends time or memory on them.</summary>
/// <remarks>Source: PNG specification (third edition), sections 5 and 11. Checksums of ancillary chunks are not
/// checked.</remarks>
internal sealed class PngStructure
{
    private const uint Header = 0x49484452, Palette = 0x504C5445, Data = 0x49444154, End = 0x49454E44,
        Exif = 0x65584966;
    private const int First = 8, Before = 8, After = 4;

    /// <summary>Compressed pixels are at least this share of their size: deflate's best, 258 bytes for 2
    /// bits.</summary>
    private const long BestRatio = 1032;

    private int _width, _height, _depth, _colorType;
    private Chunk? _palette;
    private long _packed;
    private bool _lacksEnd;

    private static readonly byte[] WholeEnd = [0, 0, 0, 0, .. "IEND"u8, 0xAE, 0x42, 0x60, 0x82];

    /// <summary>Planes of the image: 1 (grey) or 3.</summary>
    public int Channels => _colorType is 0 or 4 ? 1 : 3;

    /// <summary>From the Exif chunk, 1 to 8.</summary>
    public int Orientation { get; private set; } = ExifOrientation.Upright;

    /// <summary>The file as libpng reads it: with black, as Pillow has it, for colours that the palette
    /// lacks, and with its end.</summary>
    public ReadOnlyMemory<byte> Repaired { get; private set; }

    /// <exception cref="DataException">A chunk is damaged, cut off, missing, or unknown and critical.</exception>
    public static PngStructure Read(ImageSource source)
    {
        PngStructure structure = new();
        int offset = First;
        structure.ReadHeader(source, NextChunk(source, ref offset));
        Chunk chunk;
        do
        {
            chunk = NextChunk(source, ref offset);
            structure.Add(source, chunk);
            // As in Pillow and browsers, a file that lacks nothing but its end is read.
            structure._lacksEnd = chunk.Type == Data && offset == source.Length;
        }
        while (chunk.Type != End && !structure._lacksEnd);
        structure.RequireWhole(source);
        structure.Repaired = structure._palette is Chunk palette ? structure.Pad(source, palette) : source.File;
        if (structure._lacksEnd) structure.Repaired = (byte[])[.. structure.Repaired.Span, .. WholeEnd];
        return structure;
    }

    private static Chunk NextChunk(ImageSource source, ref int offset)
    {
        source.Require(offset, Before + After, "a chunk's frame");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[offset..]);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[(offset + 4)..]);
        source.Require(offset, (long)length + Before + After, $"chunk {Name(type)}");
        Chunk chunk = new(offset + Before, (int)length, type);
        offset += (int)length + Before + After;
        return chunk;
    }

    private static string Name(uint type)
    {
        byte[] letters = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(letters, type);
        return string.Concat(Encoding.Latin1.GetString(letters)
            .Select(letter => char.IsAsciiLetter(letter) ? letter : '?'));
    }

    private void ReadHeader(ImageSource source, Chunk chunk)
    {
        if (chunk.Type != Header || chunk.Length != 13)
            throw source.Error("does not begin with a header (IHDR) of 13 bytes.");
        RequireIntact(source, chunk);
        ReadOnlySpan<byte> body = chunk.Body(source);
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body),
            height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
            throw source.Error($"has a size of {width} x {height} pixels.");
        _width = (int)width;
        _height = (int)height;
        _depth = body[8];
        _colorType = body[9];
        bool exists = _colorType switch
        {
            0 => _depth is 1 or 2 or 4 or 8 or 16,
            3 => _depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => _depth is 8 or 16,
            _ => false,
        };
        if (!exists) throw source.Error($"has colour type {_colorType} with {_depth} bits, which PNG does not have.");
        source.RequireAffordable(width, height, 0);
    }

    private void Add(ImageSource source, Chunk chunk)
    {
        if (chunk.Type == Exif && IsIntact(source, chunk)) Orientation = ExifOrientation.Parse(chunk.Body(source));
        if (chunk.IsAncillary) return;
        if (chunk.Type is not (Palette or Data or End))
        {
            throw source.Error($"has a chunk {Name(chunk.Type)} at offset {chunk.Offset}, " +
                "which is critical but not part of PNG here.");
        }

        RequireIntact(source, chunk);
        if (chunk.Type == Data) _packed += chunk.Length;
        if (chunk.Type != Palette) return;
        if (chunk.Length is 0 or > 768 || chunk.Length % 3 != 0)
        {
            throw source.Error($"has a palette (PLTE) of {chunk.Length} bytes at offset {chunk.Offset}; " +
                "it must be 1 to 256 times 3.");
        }

        _palette = chunk;
    }

    private void RequireWhole(ImageSource source)
    {
        if (_packed == 0) throw source.Error("has no pixels: there is no chunk IDAT.");
        if (_colorType == 3 && _palette is null)
            throw source.Error("has no palette (PLTE), which its colour type 3 needs.");
        int samples = _colorType switch { 0 or 3 => 1, 4 => 2, 2 => 3, _ => 4 };
        long unpacked = ((long)_width * samples * _depth + 7) / 8 * _height;
        if (unpacked / BestRatio <= _packed) return;
        throw source.Error(
            $"is cut off or its header is wrong: {_packed} bytes of compressed pixels cannot unpack to the " +
            $"{unpacked} bytes of {_width} x {_height} pixels.");
    }

    private ReadOnlyMemory<byte> Pad(ImageSource source, Chunk chunk)
    {
        int missing = (3 << _depth) - chunk.Length;
        if (_colorType != 3 || missing <= 0) return source.File;
        ReadOnlySpan<byte> file = source.Bytes;
        int end = chunk.Offset + chunk.Length;
        byte[] padded = [.. file[..end], .. new byte[missing], .. file[end..]];
        BinaryPrimitives.WriteInt32BigEndian(padded.AsSpan(chunk.Offset - Before), chunk.Length + missing);
        uint checksum = Crc32.HashToUInt32(padded.AsSpan((chunk.Offset - 4)..(end + missing)));
        BinaryPrimitives.WriteUInt32BigEndian(padded.AsSpan(end + missing), checksum);
        return padded;
    }

    private static bool IsIntact(ImageSource source, Chunk chunk) =>
        Crc32.HashToUInt32(source.Bytes.Slice(chunk.Offset - 4, chunk.Length + 4))
        == BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[(chunk.Offset + chunk.Length)..]);

    private static void RequireIntact(ImageSource source, Chunk chunk)
    {
        if (IsIntact(source, chunk)) return;
        throw source.Error($"is damaged: the checksum of chunk {Name(chunk.Type)} at offset {chunk.Offset} is wrong.");
    }

    /// <param name="Offset">Start of its body in the file.</param>
    /// <param name="Length">Bytes of its body.</param>
    /// <param name="Type">Its four letters.</param>
    private readonly record struct Chunk(int Offset, int Length, uint Type)
    {
        /// <summary>A small first letter says that the image can be shown without this chunk.</summary>
        public bool IsAncillary => (Type >> 24 & 0x20) != 0;

        public ReadOnlySpan<byte> Body(ImageSource source) => source.Bytes.Slice(Offset, Length);
    }
}
