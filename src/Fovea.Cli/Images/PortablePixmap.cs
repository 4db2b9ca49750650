using System.Globalization;
using System.Text;
using Fovea.Data;

namespace Fovea.Cli.Images;

/// <summary>Binary PPM (<c>P6</c>) and PGM (<c>P5</c>) with 8-bit samples: a header of four words, then the pixels row by row.</summary>
internal static class PortablePixmap
{
    private const int LargestSide = 1 << 14;

    /// <summary>Reads a picture.</summary>
    /// <param name="file">The file's contents.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="image">Receives the picture, planar.</param>
    /// <exception cref="DataException">Not a PPM or PGM of 8 bits, or cut short.</exception>
    public static void Read(ReadOnlySpan<byte> file, string name, RawImage image)
    {
        int position = 0;
        int channels = NextWord(file, ref position) switch
        {
            "P5" => 1,
            "P6" => 3,
            _ => throw new DataException($"{name}: not a binary PPM or PGM picture (P6 or P5)."),
        };
        int width = NextNumber(file, ref position, name, "width"), height = NextNumber(file, ref position, name, "height");
        if (NextWord(file, ref position) != "255") throw new DataException($"{name}: samples must be 8 bits (a largest value of 255).");
        position++;   // the one blank behind the header
        if (file.Length - position < (long)channels * width * height) throw new DataException($"{name}: is cut short.");

        image.SetSize(channels, height, width);
        for (int channel = 0; channel < channels; channel++)
        {
            Span<byte> plane = image.Plane(channel);
            for (int i = 0; i < plane.Length; i++) plane[i] = file[position + i * channels + channel];
        }
    }

    private static int NextNumber(ReadOnlySpan<byte> file, ref int position, string name, string what)
    {
        string word = NextWord(file, ref position);
        return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= LargestSide
            ? number
            : throw new DataException($"{name}: the {what} must be from 1 to {LargestSide}, not '{word}'.");
    }

    /// <summary>Skips blanks and comments, then takes letters up to the next blank.</summary>
    private static string NextWord(ReadOnlySpan<byte> file, ref int position)
    {
        while (position < file.Length && (IsBlank(file[position]) || file[position] == '#'))
        {
            if (file[position] == '#') while (position < file.Length && file[position] != '\n') position++;
            else position++;
        }

        int start = position;
        while (position < file.Length && position - start < 16 && !IsBlank(file[position])) position++;
        return Encoding.ASCII.GetString(file[start..position]);
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';
}
