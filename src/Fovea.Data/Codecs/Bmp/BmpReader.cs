using System.Buffers.Binary;
using System.Numerics;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Bmp;

/// <summary>Reads bitmaps of 1 to 32 bits, run-length coded or not. The result always has three channels; a fourth byte
/// is dropped.</summary>
internal static class BmpReader
{
    public static ImageInfo Identify(ImageSource source)
    {
        BmpHeader header = BmpHeader.Parse(source);
        return new(ImageFormat.Bmp, header.Width, header.Height, Channels: 3);
    }

    /// <exception cref="DataException">The file is damaged, cut off or beyond the limits.</exception>
    public static void Decode(ImageSource source, RawImage image)
    {
        BmpHeader header = BmpHeader.Parse(source);
        bool isRunLength = header.Compression is BmpCompression.RunLength4 or BmpCompression.RunLength8;
        double pixels = (double)header.Width * header.Height;
        using DecodeMemory.Lease memory =
            source.Reserve(header.Width, header.Height, (long)(pixels * (isRunLength ? 4 : 3)));
        if (isRunLength)
        {
            DecodeRuns(source, header, image);
            return;
        }

        source.Require(header.PixelsAt, header.Stride * header.Height, "the image");
        image.SetSize(3, header.Height, header.Width);
        ReadOnlySpan<byte> rows = source.Bytes[header.PixelsAt..];
        byte[] indices = new byte[header.Depth <= 8 ? header.Width : 0];
        for (int y = 0; y < header.Height; y++)
        {
            ReadOnlySpan<byte> row = rows.Slice((int)(y * header.Stride), (int)header.Stride);
            int target = header.IsTopDown ? y : header.Height - 1 - y;
            switch (header.Depth)
            {
                case <= 8:
                    Unpack(row, header.Depth, indices);
                    LookUp(indices, header.Palette, image, target);
                    break;
                case 24: CopyRow(row, image, target); break;
                default: MaskRow(row, header, image, target); break;
            }
        }
    }

    private static void DecodeRuns(ImageSource source, BmpHeader header, RawImage image)
    {
        // Two bytes give at most 255 pixels.
        ReadOnlySpan<byte> runs = source.Bytes[header.PixelsAt..];
        if ((long)header.Width * header.Height / 128 > runs.Length)
            throw source.Error(
                $"is cut off: {runs.Length} bytes of runs cannot give {header.Width} x {header.Height} pixels.");

        byte[] indices = new byte[header.Width * header.Height];
        BmpRuns.Decode(source, header, indices);
        image.SetSize(3, header.Height, header.Width);
        for (int y = 0; y < header.Height; y++)
        {
            int target = header.IsTopDown ? y : header.Height - 1 - y;
            LookUp(indices.AsSpan(y * header.Width, header.Width), header.Palette, image, target);
        }
    }

    private static void Unpack(ReadOnlySpan<byte> row, int depth, Span<byte> indices)
    {
        int mask = (1 << depth) - 1;
        for (int i = 0; i < indices.Length; i++)
        {
            int bit = i * depth;
            indices[i] = (byte)(row[bit >> 3] >> (8 - depth - (bit & 7)) & mask);
        }
    }

    private static void LookUp(ReadOnlySpan<byte> indices, ReadOnlySpan<byte> palette, RawImage image, int y)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            Span<byte> target = Row(image, channel, y);
            for (int i = 0; i < target.Length; i++) target[i] = palette[3 * indices[i] + channel];
        }
    }

    private static void CopyRow(ReadOnlySpan<byte> row, RawImage image, int y)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            Span<byte> target = Row(image, channel, y);
            for (int i = 0; i < target.Length; i++) target[i] = row[3 * i + 2 - channel];
        }
    }

    /// <summary>A sample of n bits is stretched to 0 to 255, rounding down as Pillow does.</summary>
    private static void MaskRow(ReadOnlySpan<byte> row, BmpHeader header, RawImage image, int y)
    {
        uint[] masks = [header.Masks.Red, header.Masks.Green, header.Masks.Blue];
        for (int channel = 0; channel < 3; channel++)
        {
            uint mask = masks[channel];
            int shift = BitOperations.TrailingZeroCount(mask) & 31;
            ulong largest = Math.Max(1, mask >> shift);   // an empty mask gives a black channel
            Span<byte> target = Row(image, channel, y);
            for (int i = 0; i < target.Length; i++)
            {
                uint pixel = header.Depth == 16
                    ? BinaryPrimitives.ReadUInt16LittleEndian(row[(2 * i)..])
                    : BinaryPrimitives.ReadUInt32LittleEndian(row[(4 * i)..]);
                target[i] = (byte)(((pixel & mask) >> shift) * 255ul / largest);
            }
        }
    }

    private static Span<byte> Row(RawImage image, int channel, int y) =>
        image.Plane(channel).Slice(y * image.Width, image.Width);
}
