using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Reads JPEG images: baseline, extended sequential and progressive, 8 bits, Huffman coded.</summary>
/// <remarks>
/// Written from ITU-T T.81. Transform, enlargement of colours and colour conversion are defined as in libjpeg with its
/// default settings, so that images have the same pixels as in Pillow and torchvision.
/// </remarks>
internal static class JpegReader
{
    /// <summary>Ten are usual. The limits keep a hostile file from sending thousands over a large image: honest
    /// files come back to a block less than ten times, those searched for the smallest size not 30 times.</summary>
    private const int MostScans = 250, MostVisits = 32;

    /// <summary>Blocks that are always affordable.</summary>
    private const long FewBlocks = 1 << 20;

    public static ImageInfo Identify(ImageSource source)
    {
        JpegParser parser = new(source);
        parser.NextScan();
        JpegFrame frame = parser.RequireFrame();
        frame.SetScale(source.Options.ScaleFor(frame.Width, frame.Height));
        int channels = frame.Components.Length == 1 ? 1 : 3;
        return ExifOrientation.Transposes(Orientation(source, parser))
            ? new(ImageFormat.Jpeg, frame.OutputHeight, frame.OutputWidth, channels)
            : new(ImageFormat.Jpeg, frame.OutputWidth, frame.OutputHeight, channels);
    }

    /// <exception cref="DataException">The file is damaged, cut off, of an unsupported kind or beyond the
    /// limits.</exception>
    public static void Decode(ImageSource source, RawImage image)
    {
        JpegParser parser = new(source);
        JpegScan? scan = parser.NextScan();
        JpegFrame frame = parser.RequireFrame();
        int orientation = Orientation(source, parser);
        frame.SetScale(source.Options.ScaleFor(frame.Width, frame.Height));
        using DecodeMemory.Lease memory = frame.Reserve(source,
            copies: orientation == ExifOrientation.Upright ? 1 : 2);
        try
        {
            frame.Allocate();
            DecodeScans(source, parser, scan);
            JpegPixels.Write(frame, parser.Color, image);
        }
        finally
        {
            frame.Release();
        }

        ExifOrientation.Apply(orientation, image);
    }

    private static int Orientation(ImageSource source, JpegParser parser) =>
        source.Options.ApplyOrientation ? parser.Orientation : ExifOrientation.Upright;

    private static void DecodeScans(ImageSource source, JpegParser parser, JpegScan? scan)
    {
        JpegFrame frame = parser.RequireFrame();
        try
        {
            long left = FewBlocks + MostVisits * frame.Components.Sum(component => component.Blocks);
            for (int count = 1; scan is not null; count++, scan = parser.NextScan())
            {
                if (count > MostScans)
                    throw source.Error($"has more than {MostScans} scans, which no honest file has.");
                left -= scan.Components.Sum(entry => entry.Component.Blocks);
                if (left < 0)
                    throw source.Error($"has scans that come back to its {frame.Width} x {frame.Height} pixels more "
                        + $"than {MostVisits} times, which no honest file does.");
                parser.Position = new ScanDecoder(source, frame, scan)
                    .Decode(parser.Position, parser.Tables.RestartInterval);
            }

            if (!frame.IsComplete) throw source.Error("is cut off: a colour component has no scan.");
        }
        catch (DataException) when (source.Options.AllowDamaged)
        {
            // What was decoded so far is the image.
        }

        if (frame.IsProgressive) TransformAll(frame);
    }

    private static void TransformAll(JpegFrame frame)
    {
        InverseDct transform = new();
        foreach (JpegComponent component in frame.Components)
        {
            if (component.Quantization is not int[] quantization) continue;
            for (int y = 0; y < component.BlocksHigh; y++)
            {
                for (int x = 0; x < component.BlocksWide; x++)
                {
                    ReadOnlySpan<short> block = component.Block(x, y);
                    int last = block[1..].ContainsAnyExcept((short)0) ? 63 : 0;
                    transform.Transform(block, quantization, last, component.Target(x, y), component.Stride,
                        component.Size);
                }
            }
        }
    }
}
