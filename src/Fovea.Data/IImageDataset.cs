namespace Fovea.Data;

/// <summary>Numbered images with a class each. Reading is safe from several threads at once.</summary>
public interface IImageDataset
{
    /// <summary>Name, image size and classes.</summary>
    DatasetInfo Info { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Class that image <paramref name="index"/> is listed with, 0 to <c>Info.Classes - 1</c>, or number of
    /// its set of classes where there are <see cref="DatasetInfo.LabelSets"/>; never changes.</summary>
    int Label(int index);

    /// <summary>Key that tells image <paramref name="index"/> from the others, such as its path within the dataset;
    /// null where it has no name.</summary>
    string? NameOf(int index) => null;

    /// <summary>Hash of the file of image <paramref name="index"/>, equal where the bytes are; null where it has no
    /// file of its own or that cannot be read.</summary>
    /// <param name="index">Number of the image.</param>
    /// <param name="isWhole">False where a few bytes will do: equal for equal files, and perhaps for others.</param>
    UInt128? HashOf(int index, bool isWhole) => null;

    /// <summary>
    /// Reads image <paramref name="index"/>. Where that saves time, the image may come shrunk, with the mean of the
    /// pixels that each stands for. The result depends on nothing but these arguments.
    /// </summary>
    /// <param name="index">Number of the image.</param>
    /// <param name="image">Filled; the caller owns it.</param>
    /// <param name="leastSide">
    /// Pixels that the shorter side of a shrunk image has at least; 0 asks for the full size.
    /// </param>
    /// <returns>The class of the image that was read; another than listed where another image stands in.</returns>
    /// <exception cref="DataException">The image cannot be read or decoded.</exception>
    int Read(int index, RawImage image, int leastSide = 0);
}
