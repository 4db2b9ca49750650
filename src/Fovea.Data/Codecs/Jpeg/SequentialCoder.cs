using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Baseline and extended sequential: a block comes whole, so it is turned into samples at once.</summary>
/// <remarks>Source: ITU-T T.81, F.2.2.</remarks>
internal sealed class SequentialCoder : BlockCoder
{
    private readonly short[] _block = new short[64];
    private readonly InverseDct _transform = new();

    public override bool Decode(ref BitReader reader, JpegScanComponent entry, int blockX, int blockY)
    {
        reader.Ensure();
        int size = entry.Dc.Decode(ref reader);
        if (size < 0) return false;
        entry.Prediction += reader.Receive(size);

        Span<short> block = _block;
        block.Clear();
        block[0] = (short)entry.Prediction;
        int last = DecodeAc(ref reader, entry.Ac, block);
        JpegComponent component = entry.Component;
        _transform.Transform(block, component.Quantization!, last, component.Target(blockX, blockY), component.Stride,
            component.Size);
        return last >= 0;
    }

    /// <summary>Fills in coefficients 1 to 63.</summary>
    /// <returns>Place of the last one in zigzag order, 0 if all are zero, -1 if the data make no sense.</returns>
    private static int DecodeAc(ref BitReader reader, HuffmanTable table, Span<short> block)
    {
        // one for each value of the bits looked at
        ref int entries = ref MemoryMarshal.GetArrayDataReference(table.Coefficients);
        ReadOnlySpan<byte> order = ZigZag.Order;
        block = block[..64];
        ulong bits = reader.Bits;   // in locals, because this loop is where most of the time goes
        int count = reader.Count, last = 0;
        for (int k = 1; k < 64; k++)
        {
            if (count < 32)
            {
                (reader.Bits, reader.Count) = (bits, count);
                reader.Fill();
                (bits, count) = (reader.Bits, reader.Count);
            }

            int entry = Unsafe.Add(ref entries, (nint)(bits >> (64 - HuffmanTable.CoefficientLookAhead)));
            if (entry == 0)
            {
                (reader.Bits, reader.Count) = (bits, count);
                int symbol = table.DecodeLong(ref reader);
                if (symbol < 0) return -1;
                (bits, count, entry) = (reader.Bits, reader.Count, symbol << 8);
            }

            int used = entry & 0xFF, value = entry >> 16;
            bits <<= used;
            count -= used;
            k += entry >> 12 & 15;
            if (value == 0)
            {
                int size = entry >> 8 & 15;
                if (size == 0)
                {
                    if ((entry >> 12 & 15) < 15) break;   // the end of the block
                    continue;                             // sixteen zeros
                }

                value = BitReader.Extend((int)(bits >> (64 - size)), size);
                bits <<= size;
                count -= size;
            }

            if (k > 63) return -1;
            block[order[k]] = (short)value;
            last = k;
        }

        (reader.Bits, reader.Count) = (bits, count);
        return last;
    }
}
