namespace Fovea.Data.Codecs.Jpeg;

/// <summary>First scan of a band of coefficients: their upper bits, in runs that may pass over many empty
/// blocks.</summary>
/// <remarks>Source: ITU-T T.81, G.1.2.2.</remarks>
internal sealed class FirstAcCoder(JpegScan scan) : BlockCoder
{
    private int _emptyBlocks;

    public override void Restart() => _emptyBlocks = 0;

    public override bool Decode(ref BitReader reader, JpegScanComponent entry, int blockX, int blockY)
    {
        if (_emptyBlocks > 0)
        {
            _emptyBlocks--;
            return true;
        }

        Span<short> block = entry.Component.Block(blockX, blockY);
        for (int k = scan.First; k <= scan.Last; k++)
        {
            reader.Ensure();
            int symbol = entry.Ac.Decode(ref reader), run = symbol >> 4, size = symbol & 15;
            if (symbol < 0) return false;
            if (size == 0 && run < 15)
            {
                _emptyBlocks = (1 << run) + reader.Take(run) - 1;
                return true;
            }

            k += run;
            if (size == 0) continue;
            if (k > scan.Last) return false;
            block[ZigZag.Order[k]] = (short)(reader.Receive(size) << scan.Low);
        }

        return true;
    }
}

/// <summary>
/// A later scan of a band: one bit more of each coefficient that is not zero, wherever runs pass over it, and new
/// coefficients of ±1.
/// </summary>
/// <remarks>Source: ITU-T T.81, G.1.2.3 and figure G.7.</remarks>
internal sealed class RefiningAcCoder(JpegScan scan) : BlockCoder
{
    private int _emptyBlocks;

    public override void Restart() => _emptyBlocks = 0;

    public override bool Decode(ref BitReader reader, JpegScanComponent entry, int blockX, int blockY)
    {
        Span<short> block = entry.Component.Block(blockX, blockY);
        int k = scan.First;
        while (_emptyBlocks == 0 && k <= scan.Last)
        {
            reader.Ensure();
            int symbol = entry.Ac.Decode(ref reader), run = symbol >> 4, size = symbol & 15;
            if (symbol < 0 || size > 1) return false;
            if (size == 0 && run < 15)
            {
                _emptyBlocks = (1 << run) + reader.Take(run);
                break;
            }

            int value = size == 0 ? 0 : (reader.Take(1) != 0 ? 1 : -1) << scan.Low;
            k = PassOver(ref reader, block, k, run);
            if (value != 0 && k > scan.Last) return false;
            if (value != 0) block[ZigZag.Order[k]] = (short)value;
            k++;
        }

        if (_emptyBlocks == 0) return true;
        PassOver(ref reader, block, k, zeros: 64);
        _emptyBlocks--;
        return true;
    }

    /// <summary>Refines what is not zero on the way.</summary>
    /// <returns>Place of the zero behind <paramref name="zeros"/> others, or one beyond the band.</returns>
    private int PassOver(ref BitReader reader, Span<short> block, int k, int zeros)
    {
        ReadOnlySpan<byte> order = ZigZag.Order;
        for (; k <= scan.Last; k++)
        {
            ref short coefficient = ref block[order[k]];
            if (coefficient == 0)
            {
                if (--zeros < 0) break;
                continue;
            }

            reader.Ensure();
            int bit = 1 << scan.Low;
            if (reader.Take(1) != 0 && (coefficient & bit) == 0) coefficient += (short)(coefficient > 0 ? bit : -bit);
        }

        return k;
    }
}
