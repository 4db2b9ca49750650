using System.Buffers.Binary;
using System.IO.Hashing;

namespace Fovea.Training.Tracking;

/// <summary>
/// A Weights &amp; Biases run file: seven bytes of identity, then a LevelDB log: blocks of 32,768 bytes, records cut
/// into parts that end with a block, each part with a checksum, its length and its place in the record. The checksum is
/// the plain CRC-32 of place and data.
/// </summary>
internal sealed class BlockLog : IDisposable
{
    internal const int BlockSize = 32768;
    internal const int HeadSize = 7;
    private const byte Whole = 1;
    private const byte First = 2;
    private const byte Middle = 3;
    private const byte Last = 4;
    private readonly FileStream _file;
    private int _position;   // in the block

    public BlockLog(string path)
    {
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        _file.Write([.. ":W&B"u8, 0xE1, 0xBE, 0]);   // name, magic number 0xBEE1, version
        _position = HeadSize;
    }

    /// <summary>Appends a record; it can be read at once.</summary>
    public void Write(ReadOnlySpan<byte> record)
    {
        bool first = true;
        do
        {
            if (BlockSize - _position < HeadSize) Fill();
            int length = Math.Min(record.Length, BlockSize - _position - HeadSize);
            bool last = length == record.Length;
            WritePart(record[..length],
                (first, last) switch
                {
                    (true, true) => Whole,
                    (true, false) => First,
                    (false, false) => Middle,
                    _ => Last
                });
            record = record[length..];
            first = false;
            if (last) break;
        }
        while (true);
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void WritePart(ReadOnlySpan<byte> data, byte place)
    {
        Span<byte> part = new byte[HeadSize + data.Length];
        part[6] = place;
        data.CopyTo(part[HeadSize..]);
        BinaryPrimitives.WriteUInt32LittleEndian(part, Crc32.HashToUInt32(part[6..]));
        BinaryPrimitives.WriteUInt16LittleEndian(part[4..], (ushort)data.Length);
        _file.Write(part);
        _position = (_position + part.Length) % BlockSize;
    }

    private void Fill()
    {
        _file.Write(new byte[BlockSize - _position]);
        _position = 0;
    }
}
