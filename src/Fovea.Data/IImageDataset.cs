namespace Fovea.Data;

/// <summary>Numbered images with a class each. Reading is safe from several threads at once.</summary>
public interface IImageDataset
{
    /// <summary>What the images are.</summary>
    DatasetInfo Info { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Class of image <paramref name="index"/>, 0 to <c>Info.Classes - 1</c>.</summary>
    int Label(int index);

    /// <summary>Fills <paramref name="image"/>, which the caller owns, with image <paramref name="index"/>; sets its size.</summary>
    /// <exception cref="DataException">The image cannot be read or decoded.</exception>
    void Read(int index, RawImage image);

    /// <summary>
    /// The same, but where that saves time the image may come shrunk, with the mean of the pixels that each stands for, as long as its shorter
    /// side has at least <paramref name="leastSide"/> pixels. What comes depends on nothing but these arguments.
    /// </summary>
    /// <param name="index">Number of the image.</param>
    /// <param name="image">Filled.</param>
    /// <param name="leastSide">In pixels; 0 asks for the full size.</param>
    /// <exception cref="DataException">The image cannot be read or decoded.</exception>
    void Read(int index, RawImage image, int leastSide) => Read(index, image);
}
