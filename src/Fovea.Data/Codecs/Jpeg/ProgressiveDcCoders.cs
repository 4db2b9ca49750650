namespace Fovea.Data.Codecs.Jpeg;

/// <summary>First scan of the first coefficients: their upper bits, as differences.</summary>
/// <remarks>Source: ITU-T T.81, G.1.2.1.</remarks>
internal sealed class FirstDcCoder(int low) : BlockCoder
{
    public override bool Decode(ref BitReader reader, JpegScanComponent entry, int blockX, int blockY)
    {
        reader.Ensure();
        int size = entry.Dc.Decode(ref reader);
        if (size < 0) return false;
        entry.Prediction += reader.Receive(size);
        entry.Component.Block(blockX, blockY)[0] = (short)(entry.Prediction << low);
        return true;
    }
}

/// <summary>A later scan of the first coefficients: one bit more of each.</summary>
internal sealed class RefiningDcCoder(int low) : BlockCoder
{
    public override bool Decode(ref BitReader reader, JpegScanComponent entry, int blockX, int blockY)
    {
        reader.Ensure();
        if (reader.Take(1) != 0) entry.Component.Block(blockX, blockY)[0] |= (short)(1 << low);
        return true;
    }
}
