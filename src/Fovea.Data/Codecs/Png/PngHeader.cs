using System.Buffers.Binary;

namespace Fovea.Data.Codecs.Png;

/// <summary>The first chunk, IHDR: size and kind of the pixels.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Depth">Bits of a sample: 1, 2, 4, 8 or 16.</param>
/// <param name="ColorType">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.</param>
/// <param name="IsInterlaced">Whether the rows come in Adam7's seven passes.</param>
/// <remarks>Source: PNG specification (third edition), section 11.2.1.</remarks>
internal sealed record PngHeader(int Width, int Height, int Depth, int ColorType, bool IsInterlaced)
{
    public const int Palette = 3;
    private const int Length = 13;

    /// <summary>Samples of a pixel in the file, alpha included.</summary>
    public int Samples => ColorType switch { 0 or Palette => 1, 4 => 2, 2 => 3, _ => 4 };

    /// <summary>Planes of the image that is made of it.</summary>
    public int Channels => ColorType is 0 or 4 ? 1 : 3;

    /// <summary>Bytes between a byte and its left neighbour, as filters count.</summary>
    public int FilterStep => Math.Max(1, Samples * Depth / 8);

    /// <summary>Bytes of a row of <paramref name="width"/> pixels, without the byte that names its filter.</summary>
    public long RowLength(int width) => ((long)width * Samples * Depth + 7) / 8;

    /// <exception cref="DataException">A size of 0, or a kind of pixel that does not exist.</exception>
    public static PngHeader Parse(ImageSource source, PngChunk chunk)
    {
        ReadOnlySpan<byte> body = chunk.Body(source);
        if (chunk.Type != PngChunk.Header || body.Length != Length) throw source.Error("does not begin with a header (IHDR) of 13 bytes.");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        (int depth, int colorType) = (body[8], body[9]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue) throw source.Error($"has a size of {width} x {height} pixels.");
        if (!Exists(colorType, depth)) throw source.Error($"has colour type {colorType} with {depth} bits, which PNG does not have.");
        if (body[10] != 0 || body[11] != 0 || body[12] > 1)
        {
            throw source.Error(
                $"asks for compression {body[10]}, filtering {body[11]} and interlacing {body[12]}; only 0, 0 and 0 or 1 are known.");
        }

        return new((int)width, (int)height, depth, colorType, body[12] == 1);
    }

    private static bool Exists(int colorType, int depth) => colorType switch
    {
        0 => depth is 1 or 2 or 4 or 8 or 16,
        Palette => depth is 1 or 2 or 4 or 8,
        2 or 4 or 6 => depth is 8 or 16,
        _ => false,
    };
}
