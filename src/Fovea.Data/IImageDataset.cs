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
}
