using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Walks through the segments of a file, from one scan to the next.</summary>
/// <remarks>Source: ITU-T T.81, annex B; JFIF 1.02; Adobe technical note 5116 (the Adobe marker).</remarks>
internal sealed class JpegParser(ImageSource source)
{
    private bool _hasJfif, _hasExif;
    private int? _adobeTransform;

    /// <summary>Start of the next segment, or of the data of the scan.</summary>
    public int Position { get; set; } = 2;

    public JpegTables Tables { get; } = new();

    /// <summary>Null until its header was read.</summary>
    public JpegFrame? Frame { get; private set; }

    /// <summary>From the Exif segment, 1 to 8.</summary>
    public int Orientation { get; private set; } = ExifOrientation.Upright;

    /// <summary>Meaning of the components: where the file does not say, names and usage do.</summary>
    public JpegColor Color => (Frame!.Components.Length, _adobeTransform) switch
    {
        (1, _) => JpegColor.Grey,
        (3, 0) when !_hasJfif => JpegColor.Rgb,
        (3, null) when !_hasJfif
            && Frame.Components.Select(component => component.Id).SequenceEqual("RGB"u8.ToArray()) => JpegColor.Rgb,
        (3, _) => JpegColor.YCbCr,
        (4, null or 0) => JpegColor.Cmyk,
        _ => JpegColor.Ycck,
    };

    /// <summary>Reads up to the data of the next scan.</summary>
    /// <returns>Its header, or null at the end of the image.</returns>
    /// <exception cref="DataException">A segment is damaged, or the file ends too early.</exception>
    public JpegScan? NextScan()
    {
        while (true)
        {
            byte marker = NextMarker();
            if (marker == JpegMarker.EndOfImage) return null;
            if (JpegMarker.IsAlone(marker)) continue;
            ReadOnlySpan<byte> body = NextBody(marker);
            if (marker == JpegMarker.StartOfScan) return JpegScan.Parse(source, RequireFrame(), Tables, body);
            Read(marker, body);
        }
    }

    /// <exception cref="DataException">No frame header has come yet.</exception>
    public JpegFrame RequireFrame() => Frame
        ?? throw source.Error("has no frame header before its first scan or its end.");

    private void Read(byte marker, ReadOnlySpan<byte> body)
    {
        switch (marker)
        {
            case JpegMarker.QuantizationTables: Tables.ReadQuantization(source, body); break;
            case JpegMarker.HuffmanTables: Tables.ReadHuffman(source, body); break;
            case JpegMarker.RestartInterval: Tables.ReadRestartInterval(source, body); break;
            case JpegMarker.Jfif: _hasJfif |= body.StartsWith("JFIF\0"u8); break;
            case JpegMarker.Adobe when body.Length >= 12 && body.StartsWith("Adobe"u8):
                _adobeTransform = body[11];
                break;
            case JpegMarker.Exif when !_hasExif && body.StartsWith("Exif\0"u8):
                (_hasExif, Orientation) = (true, ExifOrientation.Parse(body));
                break;
            case JpegMarker.Hierarchical: throw source.Error("is a hierarchical JPEG, which cannot be read.");
            default:
                if (!JpegMarker.IsFrame(marker)) break;   // comments, thumbnails, profiles
                if (Frame is not null)
                    throw source.Error($"is damaged: a second frame header comes at offset {Position}.");
                Frame = JpegFrame.Parse(source, marker, body);
                break;
        }
    }

    /// <summary>The next marker. Bytes before it that belong to nothing are passed over: some cameras leave
    /// them.</summary>
    private byte NextMarker()
    {
        ReadOnlySpan<byte> file = source.Bytes;
        while (true)
        {
            int skip = file[Math.Min(Position, file.Length)..].IndexOf((byte)0xFF);
            Position = skip < 0 ? file.Length : Position + skip;
            while (Position < file.Length && file[Position] == 0xFF) Position++;
            if (Position >= file.Length)
                throw source.Error($"is cut off: it ends at offset {source.Length} without an end marker.");
            if (file[Position++] is not 0 and byte marker) return marker;
        }
    }

    private ReadOnlySpan<byte> NextBody(byte marker)
    {
        source.Require(Position, 2, $"segment {marker:X2}");
        int length = BinaryPrimitives.ReadUInt16BigEndian(source.Bytes[Position..]);
        if (length < 2)
            throw source.Error($"is damaged: segment {marker:X2} at offset {Position} has a length of {length}.");
        source.Require(Position, length, $"segment {marker:X2}");
        ReadOnlySpan<byte> body = source.Bytes.Slice(Position + 2, length - 2);
        Position += length;
        return body;
    }
}
