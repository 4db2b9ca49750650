using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Bmp;

/// <summary>Run-length coded bitmaps: pairs of a count and a colour (RLE8) or two colours in turn (RLE4), and
/// escapes.</summary>
/// <remarks>Source: Microsoft's "Bitmap Compression". What runs over the end of a row is dropped, pixels left out have
/// colour 0.</remarks>
internal static class BmpRuns
{
    private const byte EndOfRow = 0, EndOfImage = 1, Move = 2;

    /// <summary>Fills <paramref name="indices"/>, rows in the order of the file.</summary>
    /// <exception cref="DataException">The file ends before the image does.</exception>
    public static void Decode(ImageSource source, BmpHeader header, Span<byte> indices)
    {
        ReadOnlySpan<byte> file = source.Bytes;
        bool isNibbles = header.Depth == 4;
        int at = header.PixelsAt, x = 0, y = 0;
        while (y < header.Height)
        {
            source.Require(at, 2, "a run");
            byte count = file[at++], value = file[at++];
            Span<byte> row = indices.Slice(y * header.Width, header.Width);
            switch (count, value)
            {
                case ( > 0, _):
                    for (int i = 0; i < count && x + i < row.Length; i++)
                        row[x + i] = isNibbles ? Nibble(value, i) : value;
                    x = Math.Min(x + count, row.Length);
                    break;
                case (_, EndOfRow): (x, y) = (0, y + 1); break;
                case (_, EndOfImage): return;
                case (_, Move):
                    source.Require(at, 2, "a move");
                    x = Math.Min(x + file[at++], row.Length);
                    y += file[at++];
                    break;
                default:
                    int bytes = isNibbles ? (value + 1) / 2 : value;
                    source.Require(at, bytes, "a run of different colours");
                    for (int i = 0; i < value && x + i < row.Length; i++)
                        row[x + i] = isNibbles ? Nibble(file[at + i / 2], i) : file[at + i];
                    x = Math.Min(x + value, row.Length);
                    at += bytes + (bytes & 1);   // padded to words
                    break;
            }
        }
    }

    private static byte Nibble(byte pair, int index) => (byte)(index % 2 == 0 ? pair >> 4 : pair & 15);
}
