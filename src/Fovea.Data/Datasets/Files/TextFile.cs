using System.Text;

namespace Fovea.Data.Datasets.Files;

/// <summary>Text of lists that come with datasets, in UTF-8 or UTF-16. Other encodings cannot be told apart, and a
/// wrong guess would turn different names into equal ones: they are refused.</summary>
internal static class TextFile
{
    private const long LargestFile = 1L << 30;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The whole text, without a byte order mark.</summary>
    /// <param name="path">A regular file.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="DataException">It cannot be read, is too large or is in another encoding.</exception>
    public static string Read(string path, long most = LargestFile)
    {
        if (PlainFile.Refusal(path, "a list") is string refusal) throw new DataException(refusal);
        try
        {
            FileInfo file = new(path);
            if (file is { Exists: true, Length: 0 }) return "";   // also what the system makes up while it is read
            if (file.Length > most)
                throw new DataException($"{path}: has {file.Length} bytes, more than the {most} that a list may have.");
            return Decode(File.ReadAllBytes(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The text of a file's bytes.</summary>
    internal static string Decode(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.StartsWith<byte>([0xEF, 0xBB, 0xBF])) bytes = bytes[3..];
        else if (bytes.StartsWith<byte>([0xFF, 0xFE])) return Utf16(bytes[2..], bigEndian: false, path);
        else if (bytes.StartsWith<byte>([0xFE, 0xFF])) return Utf16(bytes[2..], bigEndian: true, path);
        else if (bytes.Length >= 2 && bytes[0] != 0 && bytes[1] == 0) return Utf16(bytes, bigEndian: false, path);
        else if (bytes.Length >= 2 && bytes[0] == 0 && bytes[1] != 0) return Utf16(bytes, bigEndian: true, path);
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            int at = Math.Clamp(error.Index, 0, bytes.Length - 1), line = 1 + bytes[..at].Count((byte)'\n');
            throw new DataException(
                $"{path}, line {line}: is neither UTF-8 nor UTF-16 (byte 0x{bytes[at]:X2}), most likely Windows-1252 "
                    + "or another older encoding; save the file as UTF-8.");
        }
    }

    private static string Utf16(ReadOnlySpan<byte> bytes, bool bigEndian, string path)
    {
        try
        {
            return new UnicodeEncoding(bigEndian, false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new DataException($"{path}: begins as UTF-16 and is damaged; save the file as UTF-8.", error);
        }
    }
}
