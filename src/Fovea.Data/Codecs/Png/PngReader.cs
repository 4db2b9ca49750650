using System.IO.Compression;

namespace Fovea.Data.Codecs.Png;

/// <summary>Reads PNG images.</summary>
/// <remarks>
/// Source: PNG specification (third edition). Never more is unpacked than the header's size needs, and a file that is too short for that
/// size is refused before anything is allocated.
/// </remarks>
internal static class PngReader
{
    // Deflate cannot do better than 258 bytes for 2 bits (zlib's technical notes).
    private const long BestRatio = 1032;

    public static ImageInfo Identify(ImageSource source)
    {
        PngContents contents = PngContents.Read(source);
        PngHeader header = contents.Header;
        return source.Options.ApplyOrientation && ExifOrientation.Transposes(contents.Orientation)
            ? new(ImageFormat.Png, header.Height, header.Width, header.Channels)
            : new(ImageFormat.Png, header.Width, header.Height, header.Channels);
    }

    /// <exception cref="DataException">The file is damaged, cut off or beyond the limits.</exception>
    public static void Decode(ImageSource source, RawImage image)
    {
        PngContents contents = PngContents.Read(source);
        PngHeader header = contents.Header;
        int orientation = source.Options.ApplyOrientation ? contents.Orientation : ExifOrientation.Upright;
        RequireAffordable(source, contents, copies: orientation == ExifOrientation.Upright ? 1 : 2);

        image.SetSize(header.Channels, header.Height, header.Width);
        ReadPixels(source, contents, image);
        ExifOrientation.Apply(orientation, image);
    }

    private static void RequireAffordable(ImageSource source, PngContents contents, int copies)
    {
        PngHeader header = contents.Header;
        double pixels = (double)header.Width * header.Height, rows = 2.0 * header.RowLength(header.Width) + header.Width * header.Samples;
        source.RequireAffordable(header.Width, header.Height, (long)(pixels * header.Channels * copies + rows));

        long packed = contents.Data.Sum(chunk => (long)chunk.Length), unpacked = PngPass.UnpackedLength(header);
        if (unpacked / BestRatio > packed)
        {
            throw source.Error($"is cut off or its header is wrong: {packed} bytes of compressed pixels cannot unpack to the " +
                $"{unpacked} bytes of {header.Width} x {header.Height} pixels.");
        }
    }

    private static void ReadPixels(ImageSource source, PngContents contents, RawImage image)
    {
        using ZLibStream zlib = new(new PngDataStream(source, contents.Data), CompressionMode.Decompress);
        PngHeader header = contents.Header;
        PngRowReader rows = new(header, contents.Palette);
        int longest = (int)header.RowLength(header.Width) + 1;
        byte[] current = new byte[longest], above = new byte[longest];
        foreach (PngPass pass in PngPass.Of(header))
        {
            int width = pass.Width(header);
            if (width == 0) continue;
            int length = (int)header.RowLength(width) + 1;
            above.AsSpan().Clear();
            for (int y = pass.Y; y < header.Height; y += pass.StepY)
            {
                Span<byte> row = current.AsSpan(0, length);
                ReadRow(source, zlib, row, y);
                if (row[0] >= PngFilter.Count) throw source.Error($"is damaged: row {y} has filter {row[0]}; 0 to 4 exist.");
                PngFilter.Undo(row[0], row[1..], above.AsSpan(1, length - 1), header.FilterStep);
                rows.Write(row[1..], image, pass, y);
                (current, above) = (above, current);
            }
        }

        RequireChecksum(source, zlib);
    }

    private static void ReadRow(ImageSource source, ZLibStream zlib, Span<byte> row, int y)
    {
        try
        {
            if (zlib.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) == row.Length) return;
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw source.Error($"is damaged: its compressed pixels cannot be unpacked in row {y}.", error);
        }

        throw source.Error($"is cut off: its compressed pixels end in row {y}.");
    }

    /// <summary>Asks for one byte more: at its end, and only there, the stream checks its checksum. Bytes too many do no harm.</summary>
    private static void RequireChecksum(ImageSource source, ZLibStream zlib)
    {
        try
        {
            zlib.ReadByte();
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw source.Error("is damaged: its compressed pixels cannot be unpacked to their end; their checksum is wrong or missing.", error);
        }
    }
}
