namespace Fovea.Data.Datasets.Caching;

/// <summary>Place and size of images that are kept decoded and resized.</summary>
/// <param name="Path">A file, or an existing folder (or one that ends in a slash) in which files are named by what they
/// hold.</param>
public sealed record CacheOptions(string Path)
{
    /// <summary>Usual shorter side: what a model of 224 pixels is evaluated on.</summary>
    public const int UsualSide = 256;

    /// <summary>Shorter side of the kept images in pixels; smaller images keep their size.</summary>
    public int Side { get; init; } = UsualSide;

    /// <summary>Is told images done and in all while a cache is made; null: nobody is.</summary>
    public Action<int, int>? Report { get; init; }

    /// <summary>Ends the making of a cache early; nothing of it stays.</summary>
    public CancellationToken Stop { get; init; }

    /// <exception cref="UsageException">A value makes no sense.</exception>
    internal void Validate()
    {
        if (Path.Length == 0) throw new UsageException("cache: name a file or a folder.");
        if (Side is not (>= 1 and <= 16384))
            throw new UsageException($"cache size: must be from 1 to 16384 pixels, not {Side}.");
    }
}
