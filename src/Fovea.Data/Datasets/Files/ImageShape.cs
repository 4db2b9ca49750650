using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Datasets.Files;

/// <summary>Shape that the images of a dataset have in common, judged by the headers of a few that are spread over
/// it.</summary>
internal static class ImageShape
{
    private const int Probes = 64, SmallSide = 64, UsualSide = 224;

    /// <summary>
    /// Grey where all probed images are. Of their own size where all are equal squares of at most 64 pixels, as icons,
    /// digits and CIFAR are; otherwise 224, the usual size of models for photographs.
    /// </summary>
    public static (int Channels, int Side) Of(IImageStore store, LabelledEntries part)
    {
        int step = Math.Max(1, part.Entries.Length / Probes);
        List<ImageInfo> found = [];
        for (int i = 0; i < part.Entries.Length; i += step)
            if (TryIdentify(store, part.Entries[i]) is ImageInfo info) found.Add(info);
        if (found.Count == 0) return (3, UsualSide);
        int side = found[0].Width;
        bool isSmall = side <= SmallSide && found.TrueForAll(info => info.Width == side && info.Height == side);
        return (found.TrueForAll(info => info.Channels == 1) ? 1 : 3, isSmall ? side : UsualSide);
    }

    /// <summary>Description of the dataset, with ImageNet's mean and deviation.</summary>
    public static DatasetInfo Describe(string name, IImageStore store, LabelledEntries part, ClassList classes)
    {
        (int channels, int side) = Of(store, part);
        return new()
        {
            Name = name,
            Channels = channels,
            Height = side,
            Width = side,
            ClassNames = classes.Names,
            ClassIds = classes.HasIds ? classes.Ids : null,
            Normalization = Normalization.ImageNet.ForChannels(channels),
        };
    }

    private static ImageInfo? TryIdentify(IImageStore store, int entry)
    {
        try
        {
            return store.Identify(entry);
        }
        catch (DataException)
        {
            return null;   // reading it will say so
        }
    }
}
