using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Skia;

/// <summary>Blocks of a GIF file up to its first image.</summary>
/// <remarks>Source: CompuServe's GIF89a specification.</remarks>
internal static class GifStructure
{
    private const byte Extension = 0x21, GraphicControl = 0xF9, Image = 0x2C;
    private const int HeaderSize = 13, DescriptorSize = 10, ScreenFlags = 10, ImageFlags = 9;

    /// <summary>The file without the transparent colour of its first image, so that its pixels keep their colour, and
    /// with greys for colours that its pixels can name and its palette lacks.</summary>
    public static ReadOnlyMemory<byte> Opaque(ImageSource source)
    {
        ReadOnlySpan<byte> file = source.Bytes;
        int at = file.Length < HeaderSize ? file.Length : HeaderSize + TableSize(file[ScreenFlags]);
        byte[]? copy = null;
        while (at + 4 < file.Length && file[at] == Extension)
        {
            if (file[at + 1] == GraphicControl && (file[at + 3] & 1) != 0)
            {
                copy ??= file.ToArray();
                copy[at + 3] &= 0xFE;
            }

            at += 2;
            while (at < file.Length && file[at] != 0) at += file[at] + 1;
            at++;
        }

        return FillPalette(copy ?? source.File, at);
    }

    /// <summary>Makes a palette as large as the pixels' codes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="at">Where the descriptor of its first image is.</param>
    private static ReadOnlyMemory<byte> FillPalette(ReadOnlyMemory<byte> file, int at)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (at + DescriptorSize >= bytes.Length || bytes[at] != Image) return file;
        int own = TableSize(bytes[at + ImageFlags]), pixels = at + DescriptorSize + own;
        (int flags, int table, int size) = own > 0 ? (at + ImageFlags, at + DescriptorSize, own)
            : (ScreenFlags, HeaderSize, TableSize(bytes[ScreenFlags]));
        if (size == 0 || pixels >= bytes.Length || bytes[pixels] is < 1 or > 8 || 3 << bytes[pixels] <= size)
            return file;
        int missing = (3 << bytes[pixels]) - size;
        byte[] filled = [.. bytes[..(table + size)], .. new byte[missing], .. bytes[(table + size)..]];
        filled[flags] = (byte)(bytes[flags] & 0xF8 | bytes[pixels] - 1);
        PaletteGaps.Fill(filled.AsSpan(table, size + missing), size);
        return filled;
    }

    private static int TableSize(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
}
