using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Takes a scan's data apart into MCUs and blocks, and keeps in step with restart markers.</summary>
/// <remarks>
/// Source: ITU-T T.81, A.2 and F.2.2. As in libjpeg, data that end at a marker before the scan is complete do no harm:
/// what is missing stays grey (or as coarse as it was), and the next restart marker continues. Data that end with the
/// file are an error.
/// </remarks>
internal sealed class ScanDecoder(ImageSource source, JpegFrame frame, JpegScan scan)
{
    private readonly BlockCoder _coder = BlockCoder.For(frame, scan);

    /// <summary>Decodes all blocks of the scan.</summary>
    /// <param name="position">Where its data start in the file.</param>
    /// <param name="restartInterval">MCUs between restart markers, 0 for none.</param>
    /// <returns>Where to look for the next marker.</returns>
    public int Decode(int position, int restartInterval)
    {
        BitReader reader = new(source.Bytes, position);
        JpegComponent? single = scan.Components.Length == 1 ? scan.Components[0].Component : null;
        int width = single?.BlocksWide ?? frame.McusWide, height = single?.BlocksHigh ?? frame.McusHigh;
        int left = restartInterval, number = 0;
        bool isMissing = false;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, left--)
            {
                if (left == 0 && restartInterval > 0)
                {
                    if (Restart(ref reader, number++ & 7)) isMissing = false;
                    left = restartInterval;
                }

                if (isMissing) continue;
                if (!DecodeMcu(ref reader, x, y, single is not null))
                    throw source.Error($"is damaged: the image's data make no sense near offset {reader.Position}.");
                isMissing = reader.IsOverrun;
                if (isMissing && reader.IsAtEnd) throw CutOff();
            }
        }

        return reader.Position;
    }

    private bool DecodeMcu(ref BitReader reader, int x, int y, bool isSingle)
    {
        if (isSingle) return _coder.Decode(ref reader, scan.Components[0], x, y);
        foreach (JpegScanComponent entry in scan.Components)
        {
            (int wide, int high) = (entry.Component.Horizontal, entry.Component.Vertical);
            for (int blockY = y * high; blockY < (y + 1) * high; blockY++)
                for (int blockX = x * wide; blockX < (x + 1) * wide; blockX++)
                    if (!_coder.Decode(ref reader, entry, blockX, blockY)) return false;
        }

        return true;
    }

    private bool Restart(ref BitReader reader, int number)
    {
        foreach (JpegScanComponent entry in scan.Components) entry.Prediction = 0;
        _coder.Restart();
        bool found = reader.Restart(number);
        return reader.IsAtEnd ? throw CutOff() : found;
    }

    private DataException CutOff() => source.Error($"is cut off: the image's data end at offset {source.Length}.");
}
