namespace Fovea.Data.Tests.Support;

/// <summary>A dataset with unreadable images.</summary>
internal sealed class Holed(IImageDataset source, params int[] bad) : IImageDataset
{
    public DatasetInfo Info => source.Info;

    public int Count => source.Count;

    public int Label(int index) => source.Label(index);

    public int Read(int index, RawImage image, int leastSide = 0)
    {
        if (bad.Contains(index)) throw new DataException($"{index}.jpg: is cut off.") { Remedy = "Skip it." };
        return source.Read(index, image);
    }
}
