namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Encodes one image: segments first, then MCU after MCU.</summary>
internal sealed class JpegEncoder
{
    private readonly RawImage _image;
    private readonly EncoderPlane[] _planes;
    private readonly byte[][] _quantization;
    private readonly int _factor;   // of brightness, in both directions

    public JpegEncoder(RawImage image, int quality, JpegSampling sampling)
    {
        _image = image;
        _factor = image.Channels == 3 && sampling == JpegSampling.Quarter ? 2 : 1;
        _quantization = [Scale(StandardTables.LumaQuantization, quality), Scale(StandardTables.ChromaQuantization, quality)];
        _planes = EncoderPlane.Of(image, _factor);
    }

    public byte[] Encode()
    {
        using MemoryStream file = new();
        file.Write([0xFF, JpegMarker.StartOfImage]);
        WriteSegment(file, JpegMarker.Jfif, [.. "JFIF\0"u8, 1, 2, 0, 0, 1, 0, 1, 0, 0]);   // no density, no thumbnail
        int tables = _planes.Length == 1 ? 1 : 2;
        for (byte i = 0; i < tables; i++) WriteSegment(file, JpegMarker.QuantizationTables, [i, .. ToZigZag(_quantization[i])]);
        WriteSegment(file, JpegMarker.Baseline, FrameHeader());
        WriteHuffmanTables(file, tables);
        WriteSegment(file, JpegMarker.StartOfScan, ScanHeader());
        file.Write(Data());
        file.Write([0xFF, JpegMarker.EndOfImage]);
        return file.ToArray();
    }

    private static byte[] Scale(ReadOnlySpan<byte> table, int quality)
    {
        int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        byte[] scaled = new byte[64];
        for (int i = 0; i < 64; i++) scaled[i] = (byte)Math.Clamp((table[i] * percent + 50) / 100, 1, 255);
        return scaled;
    }

    private static byte[] ToZigZag(byte[] table)
    {
        byte[] stored = new byte[64];
        for (int k = 0; k < 64; k++) stored[k] = table[ZigZag.Order[k]];
        return stored;
    }

    private byte[] FrameHeader()
    {
        List<byte> body = [8, (byte)(_image.Height >> 8), (byte)_image.Height, (byte)(_image.Width >> 8), (byte)_image.Width, (byte)_planes.Length];
        for (int i = 0; i < _planes.Length; i++)
        {
            int factor = i == 0 ? _factor : 1;
            body.AddRange([(byte)(i + 1), (byte)(factor << 4 | factor), (byte)Math.Min(i, 1)]);
        }

        return [.. body];
    }

    private byte[] ScanHeader()
    {
        List<byte> body = [(byte)_planes.Length];
        for (int i = 0; i < _planes.Length; i++) body.AddRange([(byte)(i + 1), (byte)(i == 0 ? 0 : 0x11)]);
        return [.. body, 0, 63, 0];
    }

    private static void WriteHuffmanTables(MemoryStream file, int tables)
    {
        WriteSegment(file, JpegMarker.HuffmanTables, [0x00, .. StandardTables.LumaDcCounts, .. StandardTables.DcSymbols]);
        WriteSegment(file, JpegMarker.HuffmanTables, [0x10, .. StandardTables.LumaAcCounts, .. StandardTables.LumaAcSymbols]);
        if (tables == 1) return;
        WriteSegment(file, JpegMarker.HuffmanTables, [0x01, .. StandardTables.ChromaDcCounts, .. StandardTables.DcSymbols]);
        WriteSegment(file, JpegMarker.HuffmanTables, [0x11, .. StandardTables.ChromaAcCounts, .. StandardTables.ChromaAcSymbols]);
    }

    private static void WriteSegment(MemoryStream file, byte marker, ReadOnlySpan<byte> body)
    {
        file.Write([0xFF, marker, (byte)((body.Length + 2) >> 8), (byte)(body.Length + 2)]);
        file.Write(body);
    }

    private ReadOnlySpan<byte> Data()
    {
        BitWriter writer = new();
        BlockEncoder[] encoders = [.. _planes.Select((_, i) => new BlockEncoder(_quantization[Math.Min(i, 1)], isLuma: i == 0))];
        int wide = _planes[0].Width / (8 * _factor), high = _planes[0].Height / (8 * _factor);
        for (int y = 0; y < high; y++)
        {
            for (int x = 0; x < wide; x++)
            {
                for (int i = 0; i < _planes.Length; i++)
                {
                    int factor = i == 0 ? _factor : 1;
                    for (int blockY = y * factor; blockY < (y + 1) * factor; blockY++)
                        for (int blockX = x * factor; blockX < (x + 1) * factor; blockX++)
                            encoders[i].Encode(_planes[i].Block(blockX, blockY), _planes[i].Width, writer);
                }
            }
        }

        return writer.Finish();
    }
}
