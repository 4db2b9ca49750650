using Fovea.Data;
using Fovea.Data.Codecs;

namespace Fovea.Cli.Images;

/// <summary>Image files of any size as a dataset without labels.</summary>
/// <param name="info">Classes and normalisation of the model.</param>
/// <param name="paths">The files.</param>
internal sealed class ImageFiles(DatasetInfo info, IReadOnlyList<string> paths) : IImageDataset
{
    public DatasetInfo Info => info;

    public int Count => paths.Count;

    public int Label(int index) => 0;

    public void Read(int index, RawImage image) => Read(index, image, leastSide: 0);

    public void Read(int index, RawImage image, int leastSide) => ImageFile.Fill(image, paths[index], new DecodeOptions { LeastSide = leastSide });
}
