using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Bmp;

/// <summary>File header, image header and palette of a bitmap.</summary>
/// <remarks>
/// Source: Microsoft's documentation of BITMAPFILEHEADER, BITMAPCOREHEADER (12 bytes), BITMAPINFOHEADER (40) and its
/// successors with masks (52, 56, 108, 124); OS/2's second header has 16 to 64 bytes, of which it may leave out the
/// last ones.
/// </remarks>
internal sealed record BmpHeader
{
    private const int FileHeader = 14, CoreHeader = 12, InfoHeader = 40, MasksAt = FileHeader + InfoHeader;

    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Rows come from the top; otherwise, as usual, from the bottom.</summary>
    public required bool IsTopDown { get; init; }

    /// <summary>Bits of a pixel: 1, 4, 8, 16, 24 or 32.</summary>
    public required int Depth { get; init; }

    public required BmpCompression Compression { get; init; }

    /// <summary>Offset of the pixels in the file.</summary>
    public required int PixelsAt { get; init; }

    /// <summary>256 colours of three bytes, red first; empty above 8 bits. Colours that the file lacks are
    /// grey, each of its number.</summary>
    public byte[] Palette { get; init; } = [];

    /// <summary>Which bits are red, green and blue, for 16 and 32 bits.</summary>
    public (uint Red, uint Green, uint Blue) Masks { get; init; }

    /// <summary>Bytes of an uncompressed row, which is padded to 4.</summary>
    public long Stride => ((long)Width * Depth + 31) / 32 * 4;

    /// <exception cref="DataException">Cut off, or a kind of bitmap that does not exist.</exception>
    public static BmpHeader Parse(ImageSource source)
    {
        source.Require(0, FileHeader + 4, "the header");
        ReadOnlySpan<byte> file = source.Bytes;
        uint pixelsAt = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]),
            size = BinaryPrimitives.ReadUInt32LittleEndian(file[FileHeader..]);
        if (size != CoreHeader && size is < 16 or > 124)
            throw source.Error($"has a bitmap header of {size} bytes, which is not known.");
        source.Require(FileHeader, size, "the bitmap header");
        if (pixelsAt < FileHeader + size || pixelsAt > source.Length)
            throw source.Error($"says that its pixels start at offset {pixelsAt}; the file has {source.Length} bytes.");

        BmpHeader header = size == CoreHeader ? Core(file, (int)pixelsAt) : Info(file, (int)size, (int)pixelsAt);
        header.Validate(source);
        if (header.Depth <= 8) return header with { Palette = ReadPalette(source, header, (int)size) };
        return header.Depth == 24 ? header : header with { Masks = ReadMasks(source, header) };
    }

    private static BmpHeader Core(ReadOnlySpan<byte> file, int pixelsAt) => new()
    {
        Width = BinaryPrimitives.ReadUInt16LittleEndian(file[18..]),
        Height = BinaryPrimitives.ReadUInt16LittleEndian(file[20..]),
        IsTopDown = false,
        Depth = BinaryPrimitives.ReadUInt16LittleEndian(file[24..]),
        Compression = BmpCompression.None,
        PixelsAt = pixelsAt,
    };

    private static BmpHeader Info(ReadOnlySpan<byte> file, int size, int pixelsAt)
    {
        int height = BinaryPrimitives.ReadInt32LittleEndian(file[22..]);
        return new()
        {
            Width = BinaryPrimitives.ReadInt32LittleEndian(file[18..]),
            Height = height == int.MinValue ? 0 : Math.Abs(height),
            IsTopDown = height < 0,
            Depth = BinaryPrimitives.ReadUInt16LittleEndian(file[28..]),
            Compression = size < 20 ? BmpCompression.None
                : (BmpCompression)BinaryPrimitives.ReadUInt32LittleEndian(file[30..]),
            PixelsAt = pixelsAt,
        };
    }

    private void Validate(ImageSource source)
    {
        if (Width < 1 || Height < 1) throw source.Error($"has a size of {Width} x {Height} pixels.");
        if (Depth is not (1 or 4 or 8 or 16 or 24 or 32))
            throw source.Error($"has {Depth} bits per pixel; 1, 4, 8, 16, 24 and 32 exist.");
        bool fits = Compression switch
        {
            BmpCompression.None => true,
            BmpCompression.RunLength8 => Depth == 8,
            BmpCompression.RunLength4 => Depth == 4,
            BmpCompression.BitFields or BmpCompression.AlphaBitFields => Depth is 16 or 32,
            _ => false,
        };
        if (!fits)
            throw source.Error(
                $"has compression {(uint)Compression} with {Depth} bits per pixel, which cannot be read.");
    }

    private static byte[] ReadPalette(ImageSource source, BmpHeader header, int size)
    {
        ReadOnlySpan<byte> file = source.Bytes;
        int entry = size == CoreHeader ? 3 : 4, start = FileHeader + size;
        uint used = size >= InfoHeader ? BinaryPrimitives.ReadUInt32LittleEndian(file[46..]) : 0;
        // Colours end where the pixels start, whatever their number is said to be.
        int count = Math.Min(used is 0 or > 256 ? 1 << header.Depth : (int)used, (header.PixelsAt - start) / entry);
        byte[] palette = new byte[768];
        PaletteGaps.Fill(palette, 0);
        for (int i = 0; i < count; i++)
            for (int channel = 0; channel < 3; channel++)
                palette[3 * i + channel] = file[start + entry * i + 2 - channel];
        return palette;
    }

    private static (uint Red, uint Green, uint Blue) ReadMasks(ImageSource source, BmpHeader header)
    {
        if (header.Compression == BmpCompression.None)
            return header.Depth == 16 ? (0x7C00u, 0x03E0u, 0x001Fu) : (0xFF0000u, 0xFF00u, 0xFFu);
        source.Require(MasksAt, 12, "the colour masks");   // at the same place behind an old header and in a new one
        return (Mask(0), Mask(4), Mask(8));

        uint Mask(int offset)
        {
            uint mask = BinaryPrimitives.ReadUInt32LittleEndian(source.Bytes[(MasksAt + offset)..]);
            ulong shifted = mask == 0 ? 0 : mask >> System.Numerics.BitOperations.TrailingZeroCount(mask);
            return (shifted & (shifted + 1)) == 0 ? mask
                : throw source.Error($"has a colour mask {mask:X8} with gaps.");
        }
    }
}
