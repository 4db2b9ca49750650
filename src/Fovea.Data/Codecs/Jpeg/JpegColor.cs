namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Meaning of the components.</summary>
internal enum JpegColor
{
    Grey,
    Rgb,
    YCbCr,

    /// <summary>Inks as Adobe stores them: 255 is none.</summary>
    Cmyk,

    /// <summary>The first three inks as YCbCr.</summary>
    Ycck,
}
