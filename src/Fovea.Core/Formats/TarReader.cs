using System.Text;

namespace Fovea.Core.Formats;

/// <summary>
/// Walks through the regular files of a tar archive in memory; nothing is written to disk. System.Formats.Tar is not
/// used because it allocates what the headers of extended attributes and long names claim, up to 2 GiB, before it has
/// read them.
/// </summary>
/// <remarks>Source: POSIX.1-1988 "ustar". Links, directories and extension headers are passed over.</remarks>
internal sealed class TarReader(BoundedReader reader)
{
    private const int Block = 512, SizeField = 124, ChecksumField = 148, TypeField = 156;
    private long _unread;

    /// <summary>Name of the current file without its folders.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Its length in bytes.</summary>
    public long Size { get; private set; }

    /// <summary>Moves on to the next regular file.</summary>
    /// <returns>False at the end of the archive.</returns>
    public bool Next()
    {
        byte[] header = new byte[Block];
        while (true)
        {
            reader.Skip(_unread, "a file in the archive");
            long start = reader.Position;
            int got = reader.ReadSome(header);
            if (got == 0 || got == Block && !header.AsSpan().ContainsAnyExcept((byte)0)) return false;
            if (got < Block)
                throw new DataException(
                    $"{reader.Path}: is cut off in a tar header at offset {start}; download it again.");
            RequireChecksum(header, start);
            Size = Octal(header.AsSpan(SizeField, 12), start);
            _unread = (Size + Block - 1) / Block * Block;
            if (header[TypeField] is not ((byte)'0' or 0)) continue;
            Name = BaseName(header.AsSpan(0, 100));
            return true;
        }
    }

    /// <summary>The bytes of the current file.</summary>
    /// <param name="limit">Bytes that it may have.</param>
    public byte[] ReadContent(long limit)
    {
        if (Size > limit)
            throw new DataException($"{reader.Path}: {Name} has {Size} bytes, more than the {limit} that it may have.");
        byte[] content = reader.Read(Size, Name);
        _unread -= Size;
        return content;
    }

    private void RequireChecksum(ReadOnlySpan<byte> header, long start)
    {
        int sum = 8 * ' ';   // the checksum itself counts as blanks
        for (int i = 0; i < Block; i++) sum += i is >= ChecksumField and < ChecksumField + 8 ? 0 : header[i];
        if (Octal(header.Slice(ChecksumField, 8), start) != sum) throw NoHeader(start);
    }

    private long Octal(ReadOnlySpan<byte> field, long start)
    {
        long value = 0;
        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7') throw NoHeader(start);
            value = value * 8 + digit - '0';   // 12 digits are 36 bits
        }

        return value;
    }

    private DataException NoHeader(long start) =>
        new($"{reader.Path}: has no tar header at offset {start}; it is not a tar archive or is damaged.");

    private static string BaseName(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        ReadOnlySpan<byte> name = end < 0 ? field : field[..end];
        return Encoding.Latin1.GetString(name[(name.LastIndexOf((byte)'/') + 1)..]);
    }
}
