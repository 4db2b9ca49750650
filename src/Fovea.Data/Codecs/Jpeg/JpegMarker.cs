namespace Fovea.Data.Codecs.Jpeg;

/// <summary>The second bytes of markers; the first is 0xFF.</summary>
/// <remarks>Source: ITU-T T.81, table B.1.</remarks>
internal static class JpegMarker
{
    public const byte Temporary = 0x01, Baseline = 0xC0, Progressive = 0xC2, HuffmanTables = 0xC4, JpegExtension = 0xC8,
        ArithmeticTables = 0xCC;
    public const byte LastFrame = 0xCF, Restart0 = 0xD0, Restart7 = 0xD7, StartOfImage = 0xD8, EndOfImage = 0xD9,
        StartOfScan = 0xDA;
    public const byte QuantizationTables = 0xDB, RestartInterval = 0xDD, Hierarchical = 0xDE, Jfif = 0xE0, Exif = 0xE1,
        Adobe = 0xEE;

    /// <summary>Whether a marker stands alone, without a length behind it.</summary>
    public static bool IsAlone(byte marker) => marker is Temporary or (>= Restart0 and <= StartOfImage);

    /// <summary>Whether a marker starts a frame; three of that range mean something else.</summary>
    public static bool IsFrame(byte marker) =>
        marker is >= Baseline and <= LastFrame and not (HuffmanTables or JpegExtension or ArithmeticTables);
}
