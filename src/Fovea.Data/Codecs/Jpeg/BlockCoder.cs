namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Decodes one block of a scan after the other.</summary>
internal abstract class BlockCoder
{
    /// <summary>Decodes a block, or the scan's part of it.</summary>
    /// <returns>False where the data make no sense.</returns>
    public abstract bool Decode(ref BitReader reader, JpegScanComponent entry, int blockX, int blockY);

    /// <summary>Forgets what a restart marker ends.</summary>
    public virtual void Restart()
    {
    }

    /// <summary>The coder for a scan.</summary>
    public static BlockCoder For(JpegFrame frame, JpegScan scan)
    {
        if (!frame.IsProgressive) return new SequentialCoder();
        if (scan.First == 0) return scan.High == 0 ? new FirstDcCoder(scan.Low) : new RefiningDcCoder(scan.Low);
        return scan.High == 0 ? new FirstAcCoder(scan) : new RefiningAcCoder(scan);
    }
}
