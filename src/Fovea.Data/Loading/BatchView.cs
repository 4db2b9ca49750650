namespace Fovea.Data.Loading;

/// <summary>Another view of each image of a batch.</summary>
/// <param name="Size">Rows and columns.</param>
/// <param name="Images">Normalised samples, <c>[count, channel, size, size]</c>; what lies behind the last image is
/// old.</param>
public sealed record BatchView(int Size, float[] Images);
