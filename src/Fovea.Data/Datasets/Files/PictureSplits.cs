using Fovea.Data.Datasets.Caching;

namespace Fovea.Data.Datasets.Files;

/// <summary>Makes splits of labelled picture files.</summary>
internal static class PictureSplits
{
    /// <summary>
    /// Parts as published. Where only one is published beside the training set, it is for the final figure, whatever its name, and a
    /// validation set is held out from the training set later: so one part never both chooses and reports.
    /// </summary>
    /// <param name="info">What the pictures are.</param>
    /// <param name="store">Where they lie.</param>
    /// <param name="train">To learn from.</param>
    /// <param name="validation">Or null.</param>
    /// <param name="test">Or null.</param>
    /// <param name="options">How much is held out, and where a cache lies.</param>
    public static DatasetSplits Make(
        DatasetInfo info, IPictureStore store, LabelledEntries train, LabelledEntries? validation, LabelledEntries? test, DatasetOptions options)
    {
        if (options.Cache is CacheOptions cache)
        {
            LabelledEntries?[] parts = [train, validation, test];
            store = PictureCache.Open(store, [.. parts.OfType<LabelledEntries>().SelectMany(part => part.Entries).Distinct().Order()], info.Name, cache);
        }

        IImageDataset learn = new PictureDataset(info, store, train);
        if ((test ?? validation) is not LabelledEntries last) return HoldOutTest(learn, options);
        PictureDataset report = new(info, store, last);
        return test is null || validation is null
            ? DatasetSplits.WithoutValidation(learn, report)
            : new() { Train = learn, Validation = new PictureDataset(info, store, validation), Test = report, ValidationOrigin = "published" };
    }

    private static DatasetSplits HoldOutTest(IImageDataset all, DatasetOptions options)
    {
        (Subset rest, Subset test) = Subset.HoldOut(all, options.TestShare, options.Seed, "test");
        return DatasetSplits.WithoutValidation(rest, test);
    }
}
