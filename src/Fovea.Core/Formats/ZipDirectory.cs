using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Fovea.Core.Formats;

/// <summary>
/// Lists the files of a zip archive. System.IO.Compression's archives can be read by one thread at a time only and do
/// not tell where a file lies; here, places are listed once, and any number of threads reads.
/// </summary>
/// <remarks>Source: PKWARE, APPNOTE.TXT 6.3: sections 4.3.12 (directory), 4.3.14 to 4.3.16 (its end) and 4.5.3 (64-bit
/// sizes).</remarks>
internal sealed class ZipDirectory
{
    private const uint EndMark = 0x06054B50, End64Mark = 0x06064B50, Locator64Mark = 0x07064B50, FileMark = 0x02014B50,
        LocalMark = 0x04034B50;
    /// <summary>Bytes behind an archive among which its end is looked for.</summary>
    private const int LongestTrailer = 1 << 20;

    private const int EndSize = 22, LongestComment = 65_535, FileSize = 46, Locator64Size = 20, End64Size = 56,
        LocalSize = 30;
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long _length;

    /// <summary>Bytes in front of the archive, as self-extracting ones have; its own offsets do not count
    /// them.</summary>
    private long _shift;

    private ZipDirectory(string path, SafeFileHandle file)
    {
        _path = path;
        _file = file;
        _length = RandomAccess.GetLength(file);
    }

    /// <summary>Calls <paramref name="found"/> with each entry, in the archive's order.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="file">The archive.</param>
    /// <param name="found">Gets the name, folders included, and the place. Names that end in a slash are
    /// folders.</param>
    /// <exception cref="DataException">It is no zip archive, is damaged, or is of a kind that is not read.</exception>
    public static void List(string path, SafeFileHandle file, Action<string, ZipEntry> found) =>
        new ZipDirectory(path, file).List(found);

    /// <summary>Start of an entry's bytes: behind its local header, whose length the directory does not tell. Null:
    /// there is no such header.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="entry">As <see cref="List(string, SafeFileHandle, Action{string, ZipEntry})"/> found it.</param>
    /// <exception cref="IOException">The archive cannot be read.</exception>
    public static long? ContentsOf(SafeFileHandle file, ZipEntry entry)
    {
        Span<byte> local = stackalloc byte[LocalSize];
        if (RandomAccess.Read(file, local, entry.Offset) < LocalSize || U32(local, 0) != LocalMark) return null;
        return entry.Offset + LocalSize + U16(local, 26) + U16(local, 28);
    }

    private void List(Action<string, ZipEntry> found)
    {
        (long start, long size, long count) = FindDirectory();
        if (start < 0 || size < 0 || start + _shift > _length - size || count > size / FileSize
            || size > Array.MaxLength)
            throw Wrong("its directory does not fit into it");
        byte[] directory = ReadAt(start + _shift, (int)size);
        ReadOnlySpan<byte> rest = directory;
        for (long i = 0; i < count; i++) rest = rest[ListEntry(rest, found)..];
    }

    private int ListEntry(ReadOnlySpan<byte> rest, Action<string, ZipEntry> found)
    {
        if (rest.Length < FileSize || U32(rest, 0) != FileMark) throw Wrong("its directory is damaged");
        int nameLength = U16(rest, 28), extraLength = U16(rest, 30),
            size = FileSize + nameLength + extraLength + U16(rest, 32);
        if (rest.Length < size) throw Wrong("its directory is damaged");
        bool isUtf8 = (U16(rest, 8) & 0x800) != 0;
        string name = (isUtf8 ? Encoding.UTF8 : Encoding.Latin1).GetString(rest.Slice(FileSize, nameLength));
        if ((U16(rest, 8) & 1) != 0) throw Wrong($"'{name}' is encrypted");
        int method = U16(rest, 10);
        if (method is not (0 or 8) && !name.EndsWith('/'))
            throw Wrong($"'{name}' is packed by method {method}; stored and deflated files are read");
        (long packed, long length, long offset) = Sizes(rest, rest.Slice(FileSize + nameLength, extraLength));
        offset += _shift;
        if (packed < 0 || length < 0 || offset < _shift || offset > _length - packed)
            throw Wrong($"'{name}' should lie behind its end");
        found(name, new ZipEntry(offset, packed, length, U32(rest, 16), method == 8));
        return size;
    }

    /// <summary>Sizes and place; those of all ones stand in the extra field with the number 1, in this order.</summary>
    private static (long Packed, long Length, long Offset) Sizes(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        long packed = U32(entry, 20), length = U32(entry, 24), offset = U32(entry, 42);
        for (; extra.Length >= 4 && extra.Length >= 4 + U16(extra, 2); extra = extra[(4 + U16(extra, 2))..])
        {
            if (U16(extra, 0) != 1) continue;
            ReadOnlySpan<byte> wide = extra.Slice(4, U16(extra, 2));
            Widen(ref length, ref wide);
            Widen(ref packed, ref wide);
            Widen(ref offset, ref wide);
            break;
        }

        return (packed, length, offset);
    }

    private static void Widen(ref long value, ref ReadOnlySpan<byte> wide)
    {
        if (value != uint.MaxValue || wide.Length < 8) return;
        value = BinaryPrimitives.ReadInt64LittleEndian(wide);
        wide = wide[8..];
    }

    private (long Start, long Size, long Count) FindDirectory()
    {
        int tailLength = (int)Math.Min(_length, EndSize + LongestComment + LongestTrailer);
        byte[] tail = ReadAt(_length - tailLength, tailLength);
        int at = FindEnd(tail);
        if (at < 0) throw Wrong("it is no zip archive, or its end is missing; download it again");
        long end = _length - tailLength + at;
        (long start, long size, long count) = (U32(tail, at + 16), U32(tail, at + 12), U16(tail, at + 10));
        bool isWide = start == uint.MaxValue || size == uint.MaxValue || count == ushort.MaxValue;
        if (isWide && FindDirectory64(end) is { } wide) return wide;
        FindShift(start, size, end);
        return (start, size, count);
    }

    /// <summary>The mark whose comment ends with the file; otherwise the last one whose comment fits, as bytes may have
    /// been added behind it.</summary>
    private static int FindEnd(ReadOnlySpan<byte> tail)
    {
        int last = -1;
        for (int at = tail.Length - EndSize; at >= 0; at--)
        {
            if (U32(tail, at) != EndMark) continue;
            int rest = tail.Length - at - EndSize, comment = U16(tail, at + 20);
            if (comment == rest) return at;
            if (last < 0 && comment < rest) last = at;
        }

        return last;
    }

    /// <summary>The directory lies right before its end: where it should begin further in front, bytes stand before the
    /// archive.</summary>
    private void FindShift(long start, long size, long end)
    {
        long shift = end - size - start;
        if (shift <= 0 || size < FileSize || start + shift < 0) return;
        Span<byte> mark = stackalloc byte[4];
        bool IsMark(long offset, Span<byte> bytes) =>
            RandomAccess.Read(_file, bytes, offset) == bytes.Length && U32(bytes, 0) == FileMark;
        if (!IsMark(start, mark) && IsMark(start + shift, mark)) _shift = shift;
    }

    private (long Start, long Size, long Count)? FindDirectory64(long end)
    {
        if (end < Locator64Size) return null;
        byte[] locator = ReadAt(end - Locator64Size, Locator64Size);
        if (U32(locator, 0) != Locator64Mark) return null;
        long at = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
        if (at < 0 || at > _length - End64Size) throw Wrong("its directory is damaged");
        byte[] wide = ReadAt(at, End64Size);
        long usual = end - Locator64Size - End64Size;   // where it lies without bytes in front of the archive
        if (U32(wide, 0) != End64Mark && usual > at) (_shift, wide) = (usual - at, ReadAt(usual, End64Size));
        if (U32(wide, 0) != End64Mark) throw Wrong("its directory is damaged");
        return (Long(48), Long(40), Long(32));
        long Long(int offset) => BinaryPrimitives.ReadInt64LittleEndian(wide.AsSpan(offset));
    }

    private byte[] ReadAt(long offset, int length)
    {
        byte[] bytes = new byte[length];
        return RandomAccess.Read(_file, bytes, offset) == length ? bytes : throw Wrong("it changed while it was read");
    }

    private static int U16(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private DataException Wrong(string what) => new($"{_path}: cannot be read as a zip archive: {what}.");
}
