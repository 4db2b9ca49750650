namespace Fovea.Data.Codecs.Decoding;

/// <summary>What an image may cost. Both are checked before anything is allocated for it.</summary>
public sealed record DecodeLimits
{
    /// <summary>Pillow's 178,956,970 pixels and 1 GiB.</summary>
    public static DecodeLimits Default { get; } = new();

    /// <summary>Width times height, in pixels. Default 178,956,970, at which Pillow
    /// refuses; telephones reach 108 million.</summary>
    public long Pixels { get; init; } = 178_956_970;

    /// <summary>Bytes of memory for decoding, the result included and the file's own bytes not. Default 1
    /// GiB.</summary>
    public long Bytes { get; init; } = 1L << 30;
}
