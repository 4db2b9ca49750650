namespace Fovea.Data.Codecs.Png;

/// <summary>All of a PNG file that matters for its pixels.</summary>
/// <param name="Header">Size and kind of the pixels.</param>
/// <param name="Palette">256 colours of three bytes, black where the file has none; null without a palette.</param>
/// <param name="Orientation">From the Exif chunk, 1 to 8.</param>
/// <param name="Data">The compressed pixels, in pieces.</param>
internal sealed record PngContents(PngHeader Header, byte[]? Palette, int Orientation, List<PngChunk> Data)
{
    /// <summary>Walks through the chunks. Checksums are checked where a chunk is used; ancillary chunks are passed over unread.</summary>
    /// <exception cref="DataException">A chunk is damaged, missing or unknown and critical.</exception>
    public static PngContents Read(ImageSource source)
    {
        int offset = ImageSignature.Png.Length, orientation = ExifOrientation.Upright;
        PngHeader header = PngHeader.Parse(source, PngChunk.Read(source, ref offset).RequireIntact(source));
        byte[]? palette = null;
        List<PngChunk> data = [];
        while (true)
        {
            PngChunk chunk = PngChunk.Read(source, ref offset);
            switch (chunk.Type)
            {
                case PngChunk.PaletteType: palette = ReadPalette(source, chunk.RequireIntact(source)); break;
                case PngChunk.Data: data.Add(chunk.RequireIntact(source)); break;
                case PngChunk.Exif when chunk.IsIntact(source): orientation = ExifOrientation.Parse(chunk.Body(source)); break;
                case PngChunk.End: return Complete(source, new(header, palette, orientation, data));
                default: RequireAncillary(source, chunk); break;
            }
        }
    }

    private static PngContents Complete(ImageSource source, PngContents contents)
    {
        if (contents.Data.Count == 0) throw source.Error("has no pixels: there is no chunk IDAT.");
        if (contents.Header.ColorType != PngHeader.Palette || contents.Palette is not null) return contents;
        throw source.Error("has no palette (PLTE), which its colour type 3 needs.");
    }

    private static byte[] ReadPalette(ImageSource source, PngChunk chunk)
    {
        if (chunk.Length is 0 or > 768 || chunk.Length % 3 != 0)
            throw source.Error($"has a palette (PLTE) of {chunk.Length} bytes at offset {chunk.Offset}; it must be 1 to 256 times 3.");
        byte[] palette = new byte[768];
        chunk.Body(source).CopyTo(palette);
        return palette;
    }

    private static void RequireAncillary(ImageSource source, PngChunk chunk)
    {
        if (chunk.IsAncillary) return;
        throw source.Error($"has a chunk {PngChunk.Name(chunk.Type)} at offset {chunk.Offset}, which is critical but not part of PNG here.");
    }
}
