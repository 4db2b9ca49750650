namespace Fovea.Data.Codecs.Decoding;

/// <summary>Image formats that can be read. A file's first bytes tell which one it is; its name does not
/// matter.</summary>
public enum ImageFormat
{
    /// <summary>PNG: every colour type and depth, interlaced or not.</summary>
    Png,

    /// <summary>JPEG: baseline, extended sequential and progressive, 8 bits, Huffman coded.</summary>
    Jpeg,

    /// <summary>Windows and OS/2 bitmaps.</summary>
    Bmp,

    /// <summary>PBM, PGM and PPM, plain or binary (<c>P1</c> to <c>P6</c>).</summary>
    PortablePixmap,

    /// <summary>WebP, lossy or lossless; of an animation the first frame.</summary>
    WebP,

    /// <summary>GIF; of an animation the first frame.</summary>
    Gif,

    /// <summary>Windows icons: the largest image.</summary>
    Icon,

    /// <summary>TIFF: the first image.</summary>
    Tiff,
}
