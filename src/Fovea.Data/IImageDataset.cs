namespace Fovea.Data;

/// <summary>Numbered pictures with a class each. Reading is safe from several threads at once.</summary>
public interface IImageDataset
{
    /// <summary>What the pictures are.</summary>
    DatasetInfo Info { get; }

    /// <summary>Number of pictures.</summary>
    int Count { get; }

    /// <summary>Class of picture <paramref name="index"/>, 0 to <c>Info.Classes - 1</c>.</summary>
    int Label(int index);

    /// <summary>Fills <paramref name="image"/>, which the caller owns, with picture <paramref name="index"/>; sets its size.</summary>
    /// <exception cref="DataException">The picture cannot be read or decoded.</exception>
    void Read(int index, RawImage image);

    /// <summary>
    /// The same, but where that saves time the picture may come shrunk, with the mean of the pixels that each stands for, as long as its shorter
    /// side has at least <paramref name="leastSide"/> pixels. What comes depends on nothing but these arguments.
    /// </summary>
    /// <param name="index">Number of the picture.</param>
    /// <param name="image">Filled.</param>
    /// <param name="leastSide">In pixels; 0 asks for the full size.</param>
    /// <exception cref="DataException">The picture cannot be read or decoded.</exception>
    void Read(int index, RawImage image, int leastSide) => Read(index, image);
}
