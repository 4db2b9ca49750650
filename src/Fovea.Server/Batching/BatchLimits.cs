namespace Fovea.Server.Batching;

/// <summary>Limits of a queue of images.</summary>
/// <param name="Batch">Most images of a forward pass.</param>
/// <param name="Wait">Longest time that an image waits for others.</param>
/// <param name="Queue">Most images in hand, from their admission to their result.</param>
internal sealed record BatchLimits(int Batch, TimeSpan Wait, int Queue);

/// <summary>Kind of result that is computed of an image.</summary>
internal enum ModelOutput
{
    /// <summary>A score for each class.</summary>
    Scores,

    /// <summary>Pooled features.</summary>
    Features,
}

/// <summary>A forward pass.</summary>
/// <param name="output">Kind of result.</param>
/// <param name="images">Prepared images, one behind the other.</param>
/// <param name="count">Number of images.</param>
/// <returns>As many numbers for each image.</returns>
internal delegate float[] ForwardPass(ModelOutput output, ReadOnlySpan<float> images, int count);
