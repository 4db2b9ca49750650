
using Fovea.Data;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Cli.Images;

/// <summary>Image files of any size as a dataset without labels.</summary>
/// <param name="info">Classes and normalisation of the model.</param>
/// <param name="paths">The files.</param>
internal sealed class ImageFiles(DatasetInfo info, IReadOnlyList<string> paths) : IImageDataset
{
    public DatasetInfo Info => info;

    public int Count => paths.Count;

    public int Label(int index) => 0;

    public int Read(int index, RawImage image, int leastSide = 0)
    {
        ImageFile.Fill(image, paths[index], new DecodeOptions { LeastSide = leastSide });
        return 0;
    }
}
