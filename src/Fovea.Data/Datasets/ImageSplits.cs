using Fovea.Data.Datasets.Caching;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>Makes splits of labelled image files.</summary>
internal static class ImageSplits
{
    /// <summary>
    /// Parts as published. Where only one is published beside the training set, it is for the final figure, whatever
    /// its name, and a validation set is held out from the training set later: so one part never both chooses and
    /// reports.
    /// </summary>
    /// <param name="info">What the images are.</param>
    /// <param name="store">Where they lie.</param>
    /// <param name="train">To learn from.</param>
    /// <param name="validation">Or null.</param>
    /// <param name="test">Or null.</param>
    /// <param name="options">How much is held out, and where a cache lies.</param>
    public static DatasetSplits Make(
        DatasetInfo info, IImageStore store, LabelledEntries train, LabelledEntries? validation, LabelledEntries? test,
        DatasetOptions options)
    {
        (train, validation, test, IReadOnlyList<string> notes) =
            ImageCopies.Remove(info, store, train, validation, test, options.Copies);
        if (validation is not null && test is null)
            notes = [.. notes, "there is no test part: the validation part gives the final figure, and images to "
                + "choose epochs by are held out from training."];
        return MakeOf(info, store, train, validation, test, options) with { Notes = notes };
    }

    private static DatasetSplits MakeOf(
        DatasetInfo info, IImageStore store, LabelledEntries train, LabelledEntries? validation, LabelledEntries? test,
        DatasetOptions options)
    {
        if (options.Cache is CacheOptions cache)
        {
            LabelledEntries?[] parts = [train, validation, test];
            store = ImageCache.Open(store,
                [.. parts.OfType<LabelledEntries>().SelectMany(part => part.Entries).Distinct().Order()], info.Name,
                cache);
        }

        IImageDataset learn = new ImageFileDataset(info, store, train);
        if ((test ?? validation) is not LabelledEntries last) return HoldOutTest(learn, options);
        ImageFileDataset report = new(info, store, last);
        return test is null || validation is null
            ? DatasetSplits.WithoutValidation(learn, report)
            : new()
            {
                Train = learn,
                Validation = new ImageFileDataset(info, store, validation),
                Test = report,
                ValidationOrigin = DatasetSplits.Published
            };
    }

    private static DatasetSplits HoldOutTest(IImageDataset all, DatasetOptions options)
    {
        (Subset rest, Subset test) = Subset.HoldOut(all, options.TestShare, options.Seed, "test");
        return DatasetSplits.WithoutValidation(rest, test) with { Whole = all };
    }
}
