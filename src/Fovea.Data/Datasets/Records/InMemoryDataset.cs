
namespace Fovea.Data.Datasets.Records;

/// <summary>Images of one size held in memory, in one block or a few (such as the files that they came from).</summary>
public sealed class InMemoryDataset : IImageDataset
{
    private readonly RecordBlock[] _blocks;
    private readonly int _imageBytes;

    /// <summary>A dataset over <paramref name="pixels"/>, which is not copied.</summary>
    /// <param name="info">Shape and classes.</param>
    /// <param name="pixels"><c>[count, channel, height, width]</c>.</param>
    /// <param name="labels">Class of each image, <c>[count]</c>.</param>
    /// <exception cref="ArgumentException">The pixels do not make <paramref name="labels"/>.Length images.</exception>
    public InMemoryDataset(DatasetInfo info, byte[] pixels, byte[] labels)
        : this(info, [new RecordBlock(pixels, 0, info.Channels * info.Height * info.Width, labels)])
    {
        if ((long)labels.Length * _imageBytes != pixels.Length)
            throw new ArgumentException($"{pixels.Length} bytes are not {labels.Length} images of {_imageBytes} bytes.",
                nameof(pixels));
    }

    internal InMemoryDataset(DatasetInfo info, RecordBlock[] blocks)
    {
        Info = info;
        _blocks = blocks;
        _imageBytes = info.Channels * info.Height * info.Width;
        Count = blocks.Sum(block => block.Labels.Length);
    }

    /// <inheritdoc/>
    public DatasetInfo Info { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Label(int index) => Find(ref index).Labels[index];

    /// <summary>The samples of image <paramref name="index"/> where they lie, <c>[channel, height,
    /// width]</c>.</summary>
    public ReadOnlySpan<byte> Pixels(int index)
    {
        RecordBlock block = Find(ref index);
        return block.Bytes.Span.Slice(block.Offset + index * block.Stride, _imageBytes);
    }

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        image.SetSize(Info.Channels, Info.Height, Info.Width);
        Pixels(index).CopyTo(image.Pixels);
        return Label(index);
    }

    /// <summary>The block of an image; <paramref name="index"/> becomes its number in the block.</summary>
    private RecordBlock Find(ref int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int block = 0;
        while (index >= _blocks[block].Labels.Length) index -= _blocks[block++].Labels.Length;
        return _blocks[block];
    }
}
