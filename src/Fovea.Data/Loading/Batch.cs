namespace Fovea.Data.Loading;

/// <summary>
/// Images ready for a model. It belongs to the loader and is filled again: valid until the enumeration moves on or
/// ends.
/// </summary>
public sealed class Batch
{
    /// <param name="capacity">Most images.</param>
    /// <param name="channels">Channels of each.</param>
    /// <param name="height">Rows of each.</param>
    /// <param name="width">Columns of each.</param>
    /// <param name="classes">Classes of soft targets; 0 where there are none.</param>
    /// <param name="views">Sizes of further views of each image.</param>
    internal Batch(int capacity, int channels, int height, int width, int classes = 0,
        IEnumerable<int>? views = null)
    {
        Views = [.. (views ?? []).Select(size => new BatchView(size, new float[capacity * channels * size * size]))];
        Classes = classes;
        Targets = classes == 0 ? null : new float[capacity * classes];
        (Channels, Height, Width) = (channels, height, width);
        Images = new float[capacity * channels * height * width];
        (Labels, Indices) = (new int[capacity], new int[capacity]);
    }

    /// <summary>Number of the batch in its epoch, from 0: <c>Number + 1</c> is where an interrupted epoch goes
    /// on.</summary>
    public int Number { get; internal set; }

    /// <summary>Images in it; below the batch size in the last batch of an epoch only.</summary>
    public int Count { get; internal set; }

    /// <summary>Channels of each image.</summary>
    public int Channels { get; }

    /// <summary>Rows of each image.</summary>
    public int Height { get; }

    /// <summary>Columns of each image.</summary>
    public int Width { get; }

    /// <summary>Normalised samples, <c>[count, channel, height, width]</c>; what lies behind the last image is
    /// old.</summary>
    public float[] Images { get; }

    /// <summary>Further views of each image, as the loader's options ask for them.</summary>
    public IReadOnlyList<BatchView> Views { get; }

    /// <summary>Class of each image, the one with the larger share where two are mixed; the first <see cref="Count"/>
    /// count.</summary>
    public int[] Labels { get; }

    /// <summary>Classes in <see cref="Targets"/>; 0 where there are none.</summary>
    public int Classes { get; }

    /// <summary>Soft targets of mixed images, <c>[count, class]</c>, each row with sum 1; null where images are not
    /// mixed.</summary>
    public float[]? Targets { get; }

    /// <summary>Number of each image in the dataset; the first <see cref="Count"/> count.</summary>
    public int[] Indices { get; }
}
