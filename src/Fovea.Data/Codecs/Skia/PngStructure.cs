using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Skia;

/// <summary>Chunks of a PNG file, checked before libpng spends time or memory on them.</summary>
/// <remarks>Source: PNG specification (third edition), sections 5 and 11. Checksums of ancillary chunks are not
/// checked. Those that may unpack to a multiple of their size are kept from the decoder.</remarks>
internal sealed class PngStructure
{
    private const uint Header = 0x49484452, Palette = 0x504C5445, Data = 0x49444154, End = 0x49454E44,
        Exif = 0x65584966, Profile = 0x69434350, PackedText = 0x7A545874, UnicodeText = 0x69545874;

    private const int First = 8, Before = 8, After = 4;

    /// <summary>Compressed pixels are at least this share of their size: deflate's best, 258 bytes for 2
    /// bits.</summary>
    private const long BestRatio = 1032;

    /// <summary>Bytes of compressed pixels that are too few to unpack to much.</summary>
    private const int FewPacked = 1 << 17;

    /// <summary>Ancillary chunks that take no time worth mention.</summary>
    private const int FewChunks = 1000;

    private readonly List<Chunk> _kept = [];
    private int _width, _height, _depth, _colorType, _ancillary;
    private bool _rewrites;
    private long _packed;
    private bool _lacksEnd;

    private static readonly byte[] WholeEnd = [0, 0, 0, 0, .. "IEND"u8, 0xAE, 0x42, 0x60, 0x82];

    /// <summary>Planes of the image: 1 (grey) or 3.</summary>
    public int Channels => _colorType is 0 or 4 ? 1 : 3;

    /// <summary>From the Exif chunk, 1 to 8.</summary>
    public int Orientation { get; private set; } = ExifOrientation.Upright;

    /// <summary>Whether rows come in seven passes.</summary>
    public bool IsInterlaced { get; private set; }

    /// <summary>Bytes of the unpacked pixels, without their filters.</summary>
    public long Unpacked
    {
        get
        {
            int samples = _colorType switch { 0 or 3 => 1, 4 => 2, 2 => 3, _ => 4 };
            return ((long)_width * samples * _depth + 7) / 8 * _height;
        }
    }

    /// <summary>The file as libpng reads it: with grey, as Pillow has it, for colours that the palette
    /// lacks, with its end, and without what takes time and changes no pixel.</summary>
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
        structure.Repaired = structure._rewrites || structure._lacksEnd || structure._ancillary > FewChunks
            ? structure.Rewrite(source) : source.File;
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
        IsInterlaced = body[12] != 0;
        _kept.Add(chunk);
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
        if (chunk.IsAncillary)
        {
            _ancillary++;
            _rewrites |= chunk.Type is Profile or PackedText or UnicodeText;
            return;
        }

        if (chunk.Type is not (Palette or Data or End))
        {
            throw source.Error($"has a chunk {Name(chunk.Type)} at offset {chunk.Offset}, " +
                "which is critical but not part of PNG here.");
        }

        RequireIntact(source, chunk);
        if (chunk.Type == Data) _packed += chunk.Length;
        if (chunk.Type == Data && chunk.Length == 0) _ancillary++;
        else _kept.Add(chunk);
        if (chunk.Type != Palette) return;
        if (chunk.Length is 0 or > 768 || chunk.Length % 3 != 0)
        {
            throw source.Error($"has a palette (PLTE) of {chunk.Length} bytes at offset {chunk.Offset}; " +
                "it must be 1 to 256 times 3.");
        }

        _rewrites |= MissingColors(chunk) > 0;
    }

    private void RequireWhole(ImageSource source)
    {
        if (_packed == 0) throw source.Error("has no pixels: there is no chunk IDAT.");
        if (_colorType == 3 && !_kept.Exists(chunk => chunk.Type == Palette))
            throw source.Error("has no palette (PLTE), which its colour type 3 needs.");
        if (Unpacked / BestRatio > _packed)
            throw source.Error(
                $"is cut off or its header is wrong: {_packed} bytes of compressed pixels cannot unpack to the " +
                $"{Unpacked} bytes of {_width} x {_height} pixels.");
        if (_packed > 2 * Unpacked + FewPacked)
            throw source.Error(
                $"has {_packed} bytes of compressed pixels, where {_width} x {_height} pixels take {Unpacked} bytes " +
                "unpacked; no honest file does.");
    }

    /// <summary>Bytes that a chunk lacks, where it is a palette, for the colours that pixels can name.</summary>
    private int MissingColors(Chunk chunk) =>
        _colorType == 3 && chunk.Type == Palette ? Math.Max(0, (3 << _depth) - chunk.Length) : 0;

    /// <summary>The chunks that decide pixels, the palette filled up, and an end.</summary>
    private byte[] Rewrite(ImageSource source)
    {
        byte[] rewritten = new byte[First + _kept.Sum(chunk => chunk.Length + MissingColors(chunk) + Before + After)
            + (_lacksEnd ? WholeEnd.Length : 0)];
        MemoryStream file = new(rewritten);
        file.Write(source.Bytes[..First]);
        foreach (Chunk chunk in _kept)
        {
            if (MissingColors(chunk) > 0) WritePalette(file, chunk.Body(source));
            else file.Write(source.Bytes.Slice(chunk.Offset - Before, chunk.Length + Before + After));
        }

        if (_lacksEnd) file.Write(WholeEnd);
        return rewritten;
    }

    private void WritePalette(MemoryStream file, ReadOnlySpan<byte> colors)
    {
        byte[] chunk = new byte[Before + (3 << _depth) + After];
        BinaryPrimitives.WriteInt32BigEndian(chunk, 3 << _depth);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4), Palette);
        PaletteGaps.Fill(chunk.AsSpan(Before..^After), colors.Length);
        colors.CopyTo(chunk.AsSpan(Before));
        uint checksum = Crc32.HashToUInt32(chunk.AsSpan(4..^After));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - After), checksum);
        file.Write(chunk);
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
