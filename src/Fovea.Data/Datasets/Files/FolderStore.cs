
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Datasets.Files;

/// <summary>Image files below a folder.</summary>
internal sealed class FolderStore(string root, EntryList entries) : IImageStore
{
    public EntryList Entries => entries;

    public string PathOf(int entry) => Path.Combine(root, entries.PathOf(entry));

    public void Decode(int entry, RawImage image, DecodeOptions options) =>
        ImageFile.Fill(image, PathOf(entry), options);

    public (long Length, long Stamp) Stamp(int entry)
    {
        FileInfo file = new(PathOf(entry));
        return file.Exists ? (file.Length, file.LastWriteTimeUtc.Ticks) : (-1, 0);
    }

    public ImageInfo Identify(int entry) => ImageFile.Identify(PathOf(entry));
}
