using System.Buffers.Binary;

namespace Fovea.Data.Codecs.Decoding;

/// <summary>Orientation of a camera: eight ways in which the rows of a file can lie.</summary>
/// <remarks>
/// Source: Exif 2.32, tag 0x0112: 1 upright, 2 mirrored, 3 turned by 180°, 4 upside down, 5 transposed, 6 to be turned
/// clockwise, 7 transposed over the other diagonal, 8 to be turned anticlockwise.
/// </remarks>
internal static class ExifOrientation
{
    public const int Upright = 1;
    private const int Tag = 0x0112, Short = 3, Long = 4, EntrySize = 12;

    /// <summary>Finds the orientation in Exif data (a TIFF header with one directory); whatever is not understood is
    /// upright.</summary>
    public static int Parse(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0"u8)) exif = exif.Length > 6 ? exif[6..] : [];
        bool little = exif.StartsWith("II*\0"u8);
        if (!little && !exif.StartsWith("MM\0*"u8) || exif.Length < 8) return Upright;

        uint directory = Read32(exif[4..], little);
        if (directory > exif.Length - 2) return Upright;
        int count = Read16(exif[(int)directory..], little);
        ReadOnlySpan<byte> entries = exif[((int)directory + 2)..];
        for (; count > 0 && entries.Length >= EntrySize; count--, entries = entries[EntrySize..])
        {
            if (Read16(entries, little) != Tag) continue;
            uint value = Read16(entries[2..], little) switch
            {
                Short => Read16(entries[8..], little),
                Long => Read32(entries[8..], little),
                _ => Upright,
            };
            return value is >= 1 and <= 8 ? (int)value : Upright;
        }

        return Upright;
    }

    /// <summary>Whether width and height change places.</summary>
    public static bool Transposes(int orientation) => orientation >= 5;

    /// <summary>Turns the image upright.</summary>
    public static void Apply(int orientation, RawImage image)
    {
        if (orientation <= Upright) return;
        int width = image.Width, height = image.Height;
        RawImage upright = Transposes(orientation) ? new(image.Channels, width, height)
            : new(image.Channels, height, width);
        (int start, int stepX, int stepY) = Path(orientation, width, height);
        for (int channel = 0; channel < image.Channels; channel++)
        {
            ReadOnlySpan<byte> from = image.Plane(channel);
            Span<byte> to = upright.Plane(channel);
            for (int y = 0; y < upright.Height; y++)
            {
                Span<byte> row = to.Slice(y * upright.Width, upright.Width);
                int at = start + y * stepY;
                for (int x = 0; x < row.Length; x++, at += stepX) row[x] = from[at];
            }
        }

        image.Swap(upright);
    }

    /// <summary>Start of the upright image in the file's rows, and what a step to the right and a step down mean
    /// there.</summary>
    private static (int Start, int StepX, int StepY) Path(int orientation, int width, int height)
    {
        int right = width - 1, bottom = (height - 1) * width;
        return orientation switch
        {
            2 => (right, -1, width),
            3 => (bottom + right, -1, -width),
            4 => (bottom, 1, -width),
            5 => (0, width, 1),
            6 => (bottom, -width, 1),
            7 => (bottom + right, -width, -1),
            _ => (right, width, -1),
        };
    }

    private static ushort Read16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint Read32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
