namespace Fovea.Data.Loading;

/// <summary>
/// Pictures ready for a model. It belongs to the loader and is filled again: valid until the enumeration moves on or ends.
/// </summary>
public sealed class Batch
{
    internal Batch(int capacity, int channels, int height, int width)
    {
        (Channels, Height, Width) = (channels, height, width);
        Images = new float[capacity * channels * height * width];
        (Labels, Indices) = (new int[capacity], new int[capacity]);
    }

    /// <summary>Number of the batch in its epoch, from 0: <c>Number + 1</c> is where an interrupted epoch goes on.</summary>
    public int Number { get; internal set; }

    /// <summary>Pictures in it; below the batch size in the last batch of an epoch only.</summary>
    public int Count { get; internal set; }

    /// <summary>Channels of each picture.</summary>
    public int Channels { get; }

    /// <summary>Rows of each picture.</summary>
    public int Height { get; }

    /// <summary>Columns of each picture.</summary>
    public int Width { get; }

    /// <summary>Normalised samples, <c>[count, channel, height, width]</c>; what lies behind the last picture is old.</summary>
    public float[] Images { get; }

    /// <summary>Class of each picture; the first <see cref="Count"/> count.</summary>
    public int[] Labels { get; }

    /// <summary>Number of each picture in the dataset; the first <see cref="Count"/> count.</summary>
    public int[] Indices { get; }
}
