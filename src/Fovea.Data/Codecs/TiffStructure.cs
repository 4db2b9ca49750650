using System.Buffers.Binary;

namespace Fovea.Data.Codecs;

/// <summary>The first directory of a TIFF file, checked before LibTiff allocates what its counts ask for.</summary>
/// <remarks>Source: TIFF 6.0, section 2.</remarks>
internal sealed class TiffStructure(ImageSource source)
{
    private const int StripByteCounts = 279, TileByteCounts = 325, Short = 3, Entry = 12;

    private readonly bool _little = source.Bytes[0] == 'I';

    /// <exception cref="DataException">A field or a part of the pixels is larger than the file.</exception>
    public void RequireHonest()
    {
        source.Require(0, 8, "the header");
        uint at = Read32(4);
        source.Require(0, at + 2L, "the directory");
        int count = Read16((int)at);
        source.Require((int)at + 2, (long)count * Entry, "the directory");
        for (int i = 0; i < count; i++) RequireHonest((int)at + 2 + i * Entry);
    }

    private void RequireHonest(int entry)
    {
        int tag = Read16(entry), type = Read16(entry + 2);
        int size = type switch { 3 or 8 => 2, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 => 8, _ => 1 };
        long length = (long)Read32(entry + 4) * size, start = length <= 4 ? entry + 8 : Read32(entry + 8);
        if (start + length > source.Length)
            throw source.Error($"is cut off: field {tag} takes {length} bytes at offset {start}.");
        if (tag is not (StripByteCounts or TileByteCounts)) return;
        for (long at = start; at + size <= start + length; at += size)
        {
            uint part = type == Short ? Read16((int)at) : Read32((int)at);
            if (part > source.Length) throw source.Error($"is cut off: a part of its pixels takes {part} bytes.");
        }
    }

    private ushort Read16(int at) => _little
        ? BinaryPrimitives.ReadUInt16LittleEndian(source.Bytes[at..])
        : BinaryPrimitives.ReadUInt16BigEndian(source.Bytes[at..]);

    private uint Read32(int at) => _little
        ? BinaryPrimitives.ReadUInt32LittleEndian(source.Bytes[at..])
        : BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[at..]);
}
