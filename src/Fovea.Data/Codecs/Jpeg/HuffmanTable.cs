namespace Fovea.Data.Codecs.Jpeg;

/// <summary>A Huffman table, made for decoding: short codes are looked up, long ones are compared length by
/// length.</summary>
/// <remarks>Source: ITU-T T.81, annexes C and F.2.2.3.</remarks>
internal sealed class HuffmanTable
{
    /// <summary>Bits that one look covers. Nearly all codes are no longer, and the table still fits the first
    /// cache.</summary>
    public const int LookAhead = 9, CoefficientLookAhead = 10;

    private const int LongestCode = 16;

    // Of each length: the first 16-bit value that is beyond its codes, and what to add to a code to find its symbol.
    private readonly int[] _limits = new int[LongestCode + 1], _offsets = new int[LongestCode + 1];
    private readonly byte[] _counts, _symbols;
    private readonly ushort[] _lookUp = new ushort[1 << LookAhead];
    private int[]? _coefficients;

    /// <param name="counts">How many codes of 1 to 16 bits there are.</param>
    /// <param name="symbols">What they mean, shortest codes first.</param>
    /// <exception cref="ArgumentException">There are more codes of a length than fit.</exception>
    public HuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        (_counts, _symbols) = (counts.ToArray(), symbols.ToArray());
        for (int length = 1, code = 0, index = 0; length <= LongestCode; length++, code <<= 1)
        {
            int count = counts[length - 1];
            _offsets[length] = index - code;
            for (int i = 0; i < count; i++, code++, index++)
                if (length <= LookAhead) _lookUp.AsSpan(code << (LookAhead - length), 1 << (LookAhead - length))
                .Fill(Entry(length, symbols[index]));
            // Equality is forbidden too: a code of ones only would look like the padding before a marker.
            if (count > 0 && code >= 1 << length)
                throw new ArgumentException($"too many codes of {length} bits", nameof(counts));
            _limits[length] = code << (LongestCode - length);
        }
    }

    /// <summary>
    /// For the next 10 bits, a code with the coefficient behind it where both fit: <c>value &lt;&lt; 16 | run &lt;&lt;
    /// 12 | size &lt;&lt; 8 | bits</c>. A size is left where the value's own bits are still to be read; 0 stands for a
    /// code that is longer.
    /// </summary>
    public int[] Coefficients => _coefficients ??= BuildCoefficients();

    /// <summary>Whether it was made of these.</summary>
    public bool Is(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols) => counts.SequenceEqual(_counts)
        && symbols.SequenceEqual(_symbols);

    /// <summary>The next symbol, 0 to 255, or -1 where no code fits the bits. At least 16 bits must be there.</summary>
    public int Decode(ref BitReader reader)
    {
        ushort entry = _lookUp[(int)(reader.Bits >> (64 - LookAhead))];
        if (entry == 0) return DecodeLong(ref reader);
        reader.Skip(entry >> 8);
        return (byte)entry;
    }

    /// <summary>The same for codes that no look covers.</summary>
    public int DecodeLong(ref BitReader reader)
    {
        int code = (int)(reader.Bits >> (64 - LongestCode));
        for (int length = LookAhead + 1; length <= LongestCode; length++)
        {
            if (code >= _limits[length]) continue;
            reader.Skip(length);
            return _symbols[(code >> (LongestCode - length)) + _offsets[length]];
        }

        return -1;
    }

    private static ushort Entry(int length, byte symbol) => (ushort)(length << 8 | symbol);

    private int[] BuildCoefficients()
    {
        int[] table = new int[1 << CoefficientLookAhead];
        for (int bits = 0; bits < table.Length; bits++)
        {
            BitReader reader = new([], 0)
            {
                Bits = (ulong)bits << (64 - CoefficientLookAhead),
                Count = CoefficientLookAhead
            };
            int symbol = Decode(ref reader), used = CoefficientLookAhead - reader.Count;
            if (symbol < 0 || used > CoefficientLookAhead) continue;
            int run = symbol >> 4, size = symbol & 15, value = 0;
            if (size > 0 && used + size <= CoefficientLookAhead)
            {
                value = reader.Receive(size);
                (used, size) = (used + size, 0);
            }

            table[bits] = value << 16 | run << 12 | size << 8 | used;
        }

        return table;
    }
}
