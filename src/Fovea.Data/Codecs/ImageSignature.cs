using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs;

/// <summary>Tells formats apart by their first bytes.</summary>
internal static class ImageSignature
{
    /// <summary>Formats that can be read, for messages.</summary>
    public const string Readable = "JPEG, PNG, WebP, GIF, BMP, ICO, TIFF, PBM, PGM and PPM";

    /// <exception cref="DataException">No format that can be read; those that are merely known are named.</exception>
    public static ImageFormat Recognize(ImageSource source)
    {
        ReadOnlySpan<byte> file = source.Bytes;
        if (file.StartsWith<byte>([0xFF, 0xD8])) return ImageFormat.Jpeg;
        if (file.StartsWith<byte>([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n'])) return ImageFormat.Png;
        if (file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..12].SequenceEqual("WEBP"u8))
            return ImageFormat.WebP;
        if (file.StartsWith("GIF8"u8)) return ImageFormat.Gif;
        if (file.StartsWith("BM"u8)) return ImageFormat.Bmp;
        if (file.StartsWith<byte>([0, 0, 1, 0])) return ImageFormat.Icon;
        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8)) return ImageFormat.Tiff;
        if (file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'6')
            return ImageFormat.PortablePixmap;
        string found = file.IsEmpty ? "is empty"
            : Foreign(file) is string foreign ? $"is a {foreign} image" : "is no image of a known format";
        throw source.Error($"{found}; {Readable} can be read.");
    }

    private static string? Foreign(ReadOnlySpan<byte> file)
    {
        if (file.Length >= 12 && file[4..8].SequenceEqual("ftyp"u8)) return "HEIF or AVIF";
        return file.StartsWith<byte>([0, 0, 0, 12, (byte)'j', (byte)'P']) ? "JPEG 2000" : null;
    }
}
