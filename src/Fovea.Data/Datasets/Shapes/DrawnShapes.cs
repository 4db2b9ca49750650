namespace Fovea.Data.Datasets.Shapes;

/// <summary>A split whose images are drawn when they are first read, and kept: whoever reads a few pays for a few, and
/// waits for none.</summary>
internal sealed class DrawnShapes(ulong seed, string split, int count) : IImageDataset
{
    // A scene is scratch space; threads have one each.
    [ThreadStatic]
    private static Scene? _scene;

    private readonly byte[]?[] _images = new byte[count][];

    public DatasetInfo Info => ShapesDataset.Info;

    public int Count => count;

    public int Label(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        return ShapesDataset.Label(index);
    }

    public int Read(int index, RawImage image, int leastSide = 0)
    {
        int label = Label(index);
        image.SetSize(Info.Channels, Info.Height, Info.Width);
        // Two threads may draw the same image: the bytes are the same.
        byte[] pixels = Volatile.Read(ref _images[index]) ?? Draw(index);
        pixels.CopyTo(image.Pixels);
        return label;
    }

    private byte[] Draw(int index)
    {
        byte[] pixels = new byte[ShapesDataset.ImageBytes];
        ShapesDataset.Draw(_scene ??= new Scene(), seed, split, index, pixels);
        Volatile.Write(ref _images[index], pixels);
        return pixels;
    }
}
