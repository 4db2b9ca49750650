using System.Buffers.Binary;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>
/// Reads bits of entropy-coded data, up to 64 ahead. A byte 0xFF is followed by a stuffed 0; anything else behind it is
/// a marker, which ends the data: zeros follow for as long as somebody asks.
/// </summary>
/// <remarks>Source: ITU-T T.81, F.1.2.3 and F.2.2.5.</remarks>
internal ref struct BitReader(ReadOnlySpan<byte> data, int position)
{
    /// <summary>Bits that a decoder may take after <see cref="Ensure"/>: a code of 16 bits and a value of 15.</summary>
    private const int Enough = 32;

    private readonly ReadOnlySpan<byte> _data = data;
    private int _padding;

    /// <summary>The bits that come next, from the uppermost down.</summary>
    public ulong Bits;

    /// <summary>Number of those that are valid.</summary>
    public int Count;

    /// <summary>The next byte of the data; never beyond a marker.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Whether the data ended without a marker.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>Whether bits were taken that are not there.</summary>
    public readonly bool IsOverrun => _padding > Count;

    /// <summary>Makes 32 bits available.</summary>
    public void Ensure()
    {
        if (Count < Enough) Fill();
    }

    /// <summary>Makes at least 56 bits available.</summary>
    public void Fill()
    {
        if (_data.Length - Position >= sizeof(ulong))
        {
            ulong next = BinaryPrimitives.ReadUInt64BigEndian(_data[Position..]);
            if (!HasByteOfOnes(next))
            {
                // The last bits may be part of a byte that does not count yet; the next fill puts the same bits there
                // again.
                Bits |= next >> Count;
                int bytes = (63 - Count) >> 3;
                Position += bytes;
                Count += 8 * bytes;
                return;
            }
        }

        FillBytewise();
    }

    /// <summary>Drops bits that were looked at.</summary>
    public void Skip(int count)
    {
        Bits <<= count;
        Count -= count;
    }

    /// <summary>The next <paramref name="count"/> bits, 0 to 16.</summary>
    public int Take(int count)
    {
        int value = (int)(Bits >> 1 >> (63 - count));   // in two steps, because C# shifts by 64 are shifts by 0
        Skip(count);
        return value;
    }

    /// <summary>A signed value of <paramref name="size"/> bits, 0 to 15, as differences and coefficients are
    /// stored.</summary>
    public int Receive(int size) => Extend(Take(size), size);

    /// <summary>Values with a leading 0 are negative: 0 to 2^(size-1)-1 stand for -(2^size)+1 to
    /// -(2^(size-1)).</summary>
    public static int Extend(int value, int size) => value >= 1 << size >> 1 ? value : value - (1 << size) + 1;

    /// <summary>Continues behind the restart marker that is expected, as well as damaged data allow.</summary>
    /// <param name="number">Its number, 0 to 7.</param>
    /// <returns>False if a later marker came: the data up to it are lost.</returns>
    public bool Restart(int number)
    {
        (Bits, Count, _padding) = (0, 0, 0);
        while (true)
        {
            int at = FindMarker();
            if (at < 0) return false;
            int ahead = (_data[at] - JpegMarker.Restart0 - number) & 7;
            bool isRestart = _data[at] is >= JpegMarker.Restart0 and <= JpegMarker.Restart7,
                isReserved = _data[at] < JpegMarker.Baseline;
            // One or two ahead: those in between are lost. One or two behind: repeated data. Others are taken for
            // damaged numbers.
            if (!isReserved && (!isRestart || ahead is 1 or 2)) return false;
            Position = at + 1;
            if (isRestart && ahead < 6) return true;
        }
    }

    private static bool HasByteOfOnes(ulong value) => ((~value - 0x0101010101010101) & value & 0x8080808080808080) != 0;

    private void FillBytewise()
    {
        while (Count <= 56)
        {
            int value = NextByte();
            if (value < 0) _padding += 8;
            else Bits |= (ulong)value << (56 - Count);
            Count += 8;
        }
    }

    /// <summary>The next byte with stuffing undone, or -1 before a marker.</summary>
    private int NextByte()
    {
        if (Position < _data.Length && _data[Position] != 0xFF) return _data[Position++];
        int at = Position + 1;
        while (at < _data.Length && _data[at] == 0xFF) at++;
        IsAtEnd = at >= _data.Length;
        if (IsAtEnd || _data[at] != 0) return -1;
        Position = at + 1;
        return 0xFF;
    }

    /// <summary>Position of the second byte of the next marker; <see cref="Position"/> moves to its first.</summary>
    private int FindMarker()
    {
        for (; Position < _data.Length - 1; Position++)
            if (_data[Position] == 0xFF && _data[Position + 1] is not (0 or 0xFF)) return Position + 1;
        IsAtEnd = true;
        return -1;
    }
}
