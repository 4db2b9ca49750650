namespace Fovea.Data.Codecs.Decoding;

/// <summary>What an image may cost. Both are checked before anything is allocated for it.</summary>
public sealed record DecodeLimits
{
    /// <summary>100 million pixels and 1 GiB.</summary>
    public static DecodeLimits Default { get; } = new();

    /// <summary>Width times height, in pixels. Default 100 million.</summary>
    public long Pixels { get; init; } = 100_000_000;

    /// <summary>Bytes of memory for decoding, the result included and the file's own bytes not. Default 1
    /// GiB.</summary>
    public long Bytes { get; init; } = 1L << 30;
}
