using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Pixmap;

/// <summary>PBM, PGM and PPM, plain (<c>P1</c> to <c>P3</c>) and binary (<c>P4</c> to <c>P6</c>), with samples of up to
/// 16 bits.</summary>
/// <remarks>
/// Source: the manual pages pbm(5), pgm(5) and ppm(5) of Netpbm. Samples are stretched from 0 to the file's largest
/// value to 0 to 255 and rounded to nearest, as Pillow does with colours.
/// </remarks>
internal static class PortablePixmap
{
    private const int LargestMaximum = 65535;

    public static ImageInfo Identify(ImageSource source)
    {
        PixmapText text = new(source);
        Header header = ReadHeader(source, ref text);
        return new(ImageFormat.PortablePixmap, header.Width, header.Height, header.Channels);
    }

    /// <exception cref="DataException">The file is damaged, cut off or beyond the limits.</exception>
    public static void Decode(ImageSource source, RawImage image)
    {
        PixmapText text = new(source);
        Header header = ReadHeader(source, ref text);
        double samples = (double)header.Width * header.Height * header.Channels;
        using DecodeMemory.Lease memory = source.Reserve(header.Width, header.Height, (long)samples + header.Maximum);
        if (!header.IsPlain) text.SkipBlank();
        source.Require(text.Position, header.LeastLength, "the image");

        image.SetSize(header.Channels, header.Height, header.Width);
        if (header.IsBitmap && header.IsPlain) ReadPlainBits(ref text, image);
        else if (header.IsBitmap) ReadBits(source.Bytes[text.Position..], image);
        else if (header.IsPlain) ReadPlainSamples(ref text, header, image);
        else ReadSamples(source.Bytes[text.Position..], header, image);
    }

    private static Header ReadHeader(ImageSource source, ref PixmapText text)
    {
        int kind = source.Bytes[1] - '0';
        text.Position = 2;
        int width = text.Number("width", 1, int.MaxValue), height = text.Number("height", 1, int.MaxValue);
        return new(kind, width, height, kind is 1 or 4 ? 1 : text.Number("largest sample", 1, LargestMaximum));
    }

    /// <summary>Bits: 1 is black.</summary>
    private static void ReadPlainBits(ref PixmapText text, RawImage image)
    {
        foreach (ref byte pixel in image.Pixels) pixel = text.Bit() ? (byte)0 : (byte)255;
    }

    private static void ReadBits(ReadOnlySpan<byte> rows, RawImage image)
    {
        int stride = (image.Width + 7) / 8;
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> row = rows.Slice(y * stride, stride);
            Span<byte> target = image.Pixels.Slice(y * image.Width, image.Width);
            for (int x = 0; x < target.Length; x++)
                target[x] = (row[x >> 3] << (x & 7) & 0x80) != 0 ? (byte)0 : (byte)255;
        }
    }

    private static void ReadPlainSamples(ref PixmapText text, Header header, RawImage image)
    {
        byte[] stretched = header.Stretched();
        int area = image.Width * image.Height;
        for (int i = 0; i < area; i++)
            for (int channel = 0; channel < image.Channels; channel++)
                image.Pixels[channel * area + i] = stretched[text.Number("sample", 0, header.Maximum)];
    }

    private static void ReadSamples(ReadOnlySpan<byte> samples, Header header, RawImage image)
    {
        byte[] stretched = header.Stretched();
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> plane = image.Plane(channel);
            for (int i = 0; i < plane.Length; i++)
            {
                int at = i * image.Channels + channel;
                int sample = header.Maximum > 255 ? BinaryPrimitives.ReadUInt16BigEndian(samples[(2 * at)..])
                    : samples[at];
                plane[i] = stretched[Math.Min(sample, header.Maximum)];
            }
        }
    }

    private readonly record struct Header(int Kind, int Width, int Height, int Maximum)
    {
        public bool IsPlain => Kind <= 3;

        public bool IsBitmap => Kind is 1 or 4;

        public int Channels => Kind is 3 or 6 ? 3 : 1;

        /// <summary>Bytes that the pixels take at least: plain samples are digits with blanks between them, bits may do
        /// without blanks.</summary>
        public long LeastLength => Kind switch
        {
            1 => (long)Width * Height,
            4 => ((long)Width + 7) / 8 * Height,
            2 or 3 => 2L * Width * Height * Channels - 1,
            _ => (Maximum > 255 ? 2L : 1L) * Width * Height * Channels,
        };

        /// <summary>The byte that each sample becomes.</summary>
        public byte[] Stretched()
        {
            byte[] table = new byte[Maximum + 1];
            for (int i = 0; i < table.Length; i++) table[i] = (byte)Math.Round((double)i / Maximum * 255);
            return table;
        }
    }
}
