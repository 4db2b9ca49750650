using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Skia;

/// <summary>Blocks of a GIF file up to its first image.</summary>
/// <remarks>Source: CompuServe's GIF89a specification.</remarks>
internal static class GifStructure
{
    private const byte Extension = 0x21, GraphicControl = 0xF9;

    /// <summary>The file without the transparent colour of its first image, so that its pixels keep their
    /// colour.</summary>
    public static ReadOnlyMemory<byte> Opaque(ImageSource source)
    {
        ReadOnlySpan<byte> file = source.Bytes;
        int at = file.Length < 13 ? file.Length : 13 + ((file[10] & 0x80) == 0 ? 0 : 3 << ((file[10] & 7) + 1));
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

        return copy ?? source.File;
    }
}
