using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>The tables that are in force; a file may redefine them between scans.</summary>
/// <remarks>Source: ITU-T T.81, B.2.4.</remarks>
internal sealed class JpegTables
{
    private readonly int[]?[] _quantization = new int[4][];

    // Built once: motion JPEG means them without saying so, and most other files repeat them.
    private static readonly HuffmanTable LumaDc = new(StandardTables.LumaDcCounts, StandardTables.DcSymbols);
    private static readonly HuffmanTable ChromaDc = new(StandardTables.ChromaDcCounts, StandardTables.DcSymbols);
    private static readonly HuffmanTable LumaAc = new(StandardTables.LumaAcCounts, StandardTables.LumaAcSymbols);
    private static readonly HuffmanTable ChromaAc = new(StandardTables.ChromaAcCounts, StandardTables.ChromaAcSymbols);

    private readonly HuffmanTable?[] _dc = [LumaDc, ChromaDc, null, null], _ac = [LumaAc, ChromaAc, null, null];

    /// <summary>MCUs between restart markers, 0 for none.</summary>
    public int RestartInterval { get; private set; }

    public int[] Quantization(ImageSource source, int selector) =>
        _quantization[selector] ?? throw source.Error($"is damaged: quantisation table {selector} is missing.");

    public HuffmanTable Huffman(ImageSource source, bool isAc, int selector) =>
        (selector > 3 ? null : (isAc ? _ac : _dc)[selector])
            ?? throw source.Error($"is damaged: Huffman table {selector} ({(isAc ? "AC" : "DC")}) is missing.");

    public void ReadQuantization(ImageSource source, ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            (int bytes, int selector) = ((body[0] >> 4) + 1, body[0] & 15);
            if (bytes > 2 || selector > 3 || body.Length < 1 + 64 * bytes)
                throw source.Error("is damaged: a quantisation table is wrong.");
            int[] table = new int[64];
            for (int k = 0; k < 64; k++)
                table[ZigZag.Order[k]] = bytes == 1 ? body[1 + k]
                : BinaryPrimitives.ReadUInt16BigEndian(body[(1 + 2 * k)..]);
            _quantization[selector] = table;
            body = body[(1 + 64 * bytes)..];
        }
    }

    public void ReadHuffman(ImageSource source, ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            (int kind, int selector) = (body[0] >> 4, body[0] & 15);
            if (kind > 1 || selector > 3 || body.Length < 17)
                throw source.Error("is damaged: a Huffman table is wrong.");
            ReadOnlySpan<byte> counts = body.Slice(1, 16);
            int symbols = 0;
            foreach (byte count in counts) symbols += count;
            if (symbols > 256 || body.Length < 17 + symbols)
                throw source.Error($"is damaged: a Huffman table has {symbols} codes.");
            (kind == 0 ? _dc : _ac)[selector] = Build(source, counts, body.Slice(17, symbols), isAc: kind == 1);
            body = body[(17 + symbols)..];
        }
    }

    public void ReadRestartInterval(ImageSource source, ReadOnlySpan<byte> body)
    {
        if (body.Length != 2)
            throw source.Error($"is damaged: a restart interval has {body.Length} bytes instead of 2.");
        RestartInterval = BinaryPrimitives.ReadUInt16BigEndian(body);
    }

    private static HuffmanTable Build(ImageSource source, ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols,
        bool isAc)
    {
        if (!isAc && symbols.ContainsAnyExceptInRange((byte)0, (byte)15))
            throw source.Error("is damaged: a Huffman table of first coefficients has sizes above 15.");
        foreach (HuffmanTable standard in (ReadOnlySpan<HuffmanTable>)(isAc ? [LumaAc, ChromaAc] : [LumaDc, ChromaDc]))
            if (standard.Is(counts, symbols)) return standard;
        try
        {
            return new HuffmanTable(counts, symbols);
        }
        catch (ArgumentException error)
        {
            throw source.Error("is damaged: a Huffman table has more codes than fit.", error);
        }
    }
}
