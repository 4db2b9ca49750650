namespace Fovea.Data.Codecs.Bmp;

/// <summary>How the pixels of a bitmap are stored; the values are those of the file.</summary>
internal enum BmpCompression : uint
{
    None = 0,
    RunLength8 = 1,
    RunLength4 = 2,
    BitFields = 3,
    AlphaBitFields = 6,
}
