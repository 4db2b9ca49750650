using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Pixmap;

/// <summary>Numbers with blanks and comments between them: the header of a pixmap, and the pixels of a plain
/// one.</summary>
internal struct PixmapText(ImageSource source)
{
    private const int MostDigits = 10;

    /// <summary>Position of the next character in the file.</summary>
    public int Position { get; set; }

    /// <summary>The next number.</summary>
    /// <exception cref="DataException">There is none, or it is out of range.</exception>
    public int Number(string what, int least, int most)
    {
        SkipBlanks();
        ReadOnlySpan<byte> rest = source.Bytes[Position..];
        long number = 0;
        int length = 0;
        while (length < rest.Length && length < MostDigits && rest[length] is >= (byte)'0' and <= (byte)'9')
            number = number * 10 + rest[length++] - '0';
        if (length == 0 && rest.IsEmpty) throw source.Error($"is cut off: the {what} is missing at offset {Position}.");
        if (length == 0 || number < least || number > most)
            throw source.Error($"has a {what} at offset {Position} that is no number from {least} to {most}.");
        Position += length;
        return (int)number;
    }

    /// <summary>The next bit of a plain bitmap; blanks between bits may be left out.</summary>
    /// <exception cref="DataException">There is none.</exception>
    public bool Bit()
    {
        SkipBlanks();
        if (Position == source.Length) throw source.Error($"is cut off: pixels are missing at offset {Position}.");
        byte digit = source.Bytes[Position];
        if (digit is not ((byte)'0' or (byte)'1'))
            throw source.Error($"has a pixel at offset {Position} that is not 0 or 1.");
        Position++;
        return digit == '1';
    }

    /// <summary>Passes over the single blank between a binary image's header and its pixels.</summary>
    public void SkipBlank()
    {
        if (Position == source.Length || !IsBlank(source.Bytes[Position]))
            throw source.Error($"has no blank between header and pixels at offset {Position}.");
        Position++;
    }

    private void SkipBlanks()
    {
        ReadOnlySpan<byte> file = source.Bytes;
        while (Position < file.Length)
        {
            if (IsBlank(file[Position]))
            {
                Position++;
            }
            else if (file[Position] == '#')
            {
                int end = file[Position..].IndexOfAny((byte)'\n', (byte)'\r');
                Position = end < 0 ? file.Length : Position + end;
            }
            else
            {
                return;
            }
        }
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (>= 9 and <= 13);
}
