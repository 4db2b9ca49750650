using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.LibTiff;

/// <summary>The first directory of a TIFF file, checked before LibTiff allocates what its counts ask for.</summary>
/// <remarks>Source: TIFF 6.0, section 2.</remarks>
internal sealed class TiffStructure(ImageSource source)
{
    private const int Columns = 256, Rows = 257, Depth = 258, Compression = 259, Samples = 277, RowsPerStrip = 278,
        StripByteCounts = 279, Photometric = 262, SampleFormat = 339;
    private const int TileColumns = 322, TileRows = 323, TileByteCounts = 325, Entry = 12;
    private const int FewBytes = 1 << 16;

    private readonly bool _little = source.Bytes[0] == 'I';
    private readonly Dictionary<int, uint> _fields = [];
    private long _fieldBytes, _partBytes;

    /// <exception cref="DataException">A field or a part of the pixels is larger than the file or its
    /// limits.</exception>
    public void RequireHonest()
    {
        source.Require(0, 8, "the header");
        uint at = Read32(4);
        source.Require(0, at + 2L, "the directory");
        int count = Read16((int)at);
        source.Require((int)at + 2, (long)count * Entry, "the directory");
        for (int i = 0; i < count; i++) ReadField((int)at + 2 + i * Entry);
        RequireParts();
    }

    private void ReadField(int entry)
    {
        int tag = Read16(entry), type = Read16(entry + 2);
        int size = type switch { 3 or 8 => 2, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 => 8, _ => 1 };
        long length = (long)Read32(entry + 4) * size, start = length <= 4 ? entry + 8 : Read32(entry + 8);
        if (start + length > source.Length)
            throw source.Error($"is cut off: field {tag} takes {length} bytes at offset {start}.");
        _fieldBytes += length;
        if (_fieldBytes > 2L * source.Length + FewBytes)
            throw source.Error("has fields that lie over each other, which no honest file has.");
        for (long at = start; at + size <= start + length; at += size)
        {
            uint value = size switch { 1 => source.Bytes[(int)at], 2 => Read16((int)at), _ => Read32((int)at) };
            _fields.TryAdd(tag, value);
            if (tag is not (StripByteCounts or TileByteCounts)) break;
            if (value > source.Length) throw source.Error($"is cut off: a part of its pixels takes {value} bytes.");
            _partBytes += value;
        }
    }

    /// <summary>The library allocates something for each part, and the largest part as a whole.</summary>
    private void RequireParts()
    {
        long width = Field(Columns, 0), height = Field(Rows, 0), depth = Field(Depth, 1), samples = Field(Samples, 1);
        source.RequireAffordable(width, height, 0);
        if (depth is not (1 or 2 or 4 or 8 or 16) || samples is < 1 or > 8)
            throw source.Error($"has {samples} samples of {depth} bits; 1 to 8 samples of up to 16 bits can be read.");
        // its bits read as a whole number would be some other brightness
        if (Field(SampleFormat, 1) is not (1 or 4))
            throw source.Error("has samples with a sign or a fraction; whole numbers from 0 on can be read.");
        if (Field(Photometric, 0) is 0 or 1 && samples > 2)
            throw source.Error($"has {samples} samples of grey for each pixel; grey alone or with alpha can be read.");
        bool isTiled = _fields.ContainsKey(TileColumns);
        long across = Math.Max(1, isTiled ? Field(TileColumns, 0) : width);
        long down = Math.Max(1, isTiled ? Field(TileRows, 0) : Math.Min(height, Field(RowsPerStrip, uint.MaxValue)));
        source.RequireAffordable(across, down, across * down * depth * samples / 8);
        if ((width + across - 1) / across * ((height + down - 1) / down) > source.Length)
            throw source.Error($"is cut off or its header is wrong: {source.Length} bytes cannot hold its parts.");
        if (_partBytes > 2L * source.Length + FewBytes)
            throw source.Error("has parts that lie over each other, which no honest file has.");
        long parts = (width + across - 1) / across * ((height + down - 1) / down) * samples;
        if (Field(Compression, 1) is 6 or 7) RequireFewScans(parts);
    }

    /// <summary>JPEG data inside may come back to their pixels a few times. A mark of a scan stands nowhere
    /// else.</summary>
    private void RequireFewScans(long parts)
    {
        const int MostScans = 16;
        long scans = source.Bytes.Count((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        if (scans > MostScans * (parts + 1))
            throw source.Error($"has {scans} scans of JPEG in its {parts} parts, which no honest file has.");
    }

    private long Field(int tag, uint otherwise) => _fields.GetValueOrDefault(tag, otherwise);

    private ushort Read16(int at) => _little
        ? BinaryPrimitives.ReadUInt16LittleEndian(source.Bytes[at..])
        : BinaryPrimitives.ReadUInt16BigEndian(source.Bytes[at..]);

    private uint Read32(int at) => _little
        ? BinaryPrimitives.ReadUInt32LittleEndian(source.Bytes[at..])
        : BinaryPrimitives.ReadUInt32BigEndian(source.Bytes[at..]);
}
