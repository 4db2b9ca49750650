namespace Fovea.Data.Codecs.Writing;

/// <summary>Meaning of the bytes of a pixel, 8 bits each. The values are the colour types of the PNG format.</summary>
public enum PngColor
{
    /// <summary>One byte: grey, 0 is black.</summary>
    Grey = 0,

    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb = 2,

    /// <summary>Four bytes: red, green, blue, alpha (not premultiplied; 255 is opaque).</summary>
    Rgba = 6,
}
