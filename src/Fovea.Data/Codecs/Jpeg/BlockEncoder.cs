using System.Numerics;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Encodes the blocks of one component, one after the other, with the standard Huffman tables.</summary>
/// <remarks>Source: ITU-T T.81, F.1.2.</remarks>
internal sealed class BlockEncoder(byte[] quantization, bool isLuma)
{
    private const int EndOfBlock = 0x00, SixteenZeros = 0xF0;

    // Of each symbol: code << 5 | length.
    private static readonly uint[] LumaDc = Codes(StandardTables.LumaDcCounts, StandardTables.DcSymbols);
    private static readonly uint[] ChromaDc = Codes(StandardTables.ChromaDcCounts, StandardTables.DcSymbols);
    private static readonly uint[] LumaAc = Codes(StandardTables.LumaAcCounts, StandardTables.LumaAcSymbols);
    private static readonly uint[] ChromaAc = Codes(StandardTables.ChromaAcCounts, StandardTables.ChromaAcSymbols);

    private readonly ForwardDct _transform = new(quantization);
    private readonly uint[] _dc = isLuma ? LumaDc : ChromaDc, _ac = isLuma ? LumaAc : ChromaAc;
    private int _prediction;

    /// <summary>Writes a block of 8 x 8 samples.</summary>
    public void Encode(ReadOnlySpan<byte> samples, int stride, BitWriter writer)
    {
        ReadOnlySpan<int> coefficients = _transform.Transform(samples, stride);
        Write(writer, _dc, run: 0, coefficients[0] - _prediction);
        _prediction = coefficients[0];

        int run = 0;
        for (int k = 1; k < 64; k++)
        {
            int value = coefficients[ZigZag.Order[k]];
            if (value == 0)
            {
                run++;
                continue;
            }

            for (; run > 15; run -= 16) Write(writer, _ac[SixteenZeros]);
            Write(writer, _ac, run, value);
            run = 0;
        }

        if (run > 0) Write(writer, _ac[EndOfBlock]);
    }

    private static void Write(BitWriter writer, uint[] codes, int run, int value)
    {
        int size = 32 - BitOperations.LeadingZeroCount((uint)Math.Abs(value));
        Write(writer, codes[run << 4 | size]);
        writer.Write((uint)(value < 0 ? value - 1 : value) & (1u << size) - 1, size);
    }

    private static void Write(BitWriter writer, uint code) => writer.Write(code >> 5, (int)(code & 31));

    private static uint[] Codes(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        uint[] codes = new uint[256];
        uint code = 0;
        int index = 0;
        for (int length = 1; length <= 16; length++, code <<= 1)
            for (int i = 0; i < counts[length - 1]; i++) codes[symbols[index++]] = code++ << 5 | (uint)length;
        return codes;
    }
}
