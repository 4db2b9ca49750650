using System.Collections.Concurrent;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// Finds images that are there more than once: files of equal length, then of an equal sample, then of an equal hash.
/// One image in training and in test would be learned by heart and then tested.
/// </summary>
internal static class ImageCopies
{
    /// <summary>Beyond this, opening every file would take longer than people wait: a million on a hard disk takes
    /// hours.</summary>
    private const int MostImages = 300_000;

    /// <summary>Keeps each image once: in the last part that has it.</summary>
    /// <exception cref="DataException">An image has two labels.</exception>
    public static (LabelledEntries Train, LabelledEntries? Validation, LabelledEntries? Test,
        IReadOnlyList<string> Notes) Remove(
        DatasetInfo info, IImageStore store, LabelledEntries train, LabelledEntries? validation, LabelledEntries? test,
        CopyPolicy policy)
    {
        if (policy == CopyPolicy.Keep) return (train, validation, test, []);
        LabelledEntries[] parts = [train, validation ?? new([], []), test ?? new([], [])];
        int total = parts.Sum(part => part.Entries.Length);
        if (total > MostImages)
            return (train, validation, test,
                [$"copies of one image are not looked for among so many images ({total})."]);
        Image[] images = [.. parts.SelectMany((part, number) => part.Entries.Select((entry, i) =>
            new Image(number, i, entry, part.Labels[i])))];
        List<Image[]> groups = FindCopies(store, images);
        if (groups.Count == 0) return (train, validation, test, []);
        Image[][] conflicts = [.. groups.Where(group => group.Any(image => image.Label != group[0].Label))];
        if (conflicts.Length > 0 && policy == CopyPolicy.Once)
            throw TwoLabels(null, conflicts.Select(group => Describe(info, store, group)));
        return Apply(parts, groups, conflicts, validation is null, test is null);
    }

    /// <summary>The error of images under two labels.</summary>
    public static DataException TwoLabels(string? list, IEnumerable<string> conflicts)
    {
        string[] all = [.. conflicts];
        string where = list is null ? "" : $"{list}: ";
        return new DataException(
            $"{where}{(all.Length == 1 ? "an image has two labels" : $"{all.Length} images have two labels")}: "
                + $"{Listing.Of(all, "; ")}.")
        {
            Remedy = "Keep each under one label, or leave all of them out (`copies` drop), or keep them as they are "
                + "(`copies` keep).",
        };
    }

    private static (LabelledEntries, LabelledEntries?, LabelledEntries?, IReadOnlyList<string>) Apply(
        LabelledEntries[] parts, List<Image[]> groups, Image[][] conflicts, bool isWithoutValidation,
        bool isWithoutTest)
    {
        HashSet<(int Part, int Place)> gone = [];
        HashSet<Image[]> contradictory = [.. conflicts];
        int across = 0;
        foreach (Image[] group in groups)
        {
            // a published test or validation set stays as it is; copies in it are its own affair
            int last = group.Max(image => image.Part);
            Image kept = group.First(image => image.Part == last);
            if (group.Any(image => image.Part != last)) across++;
            foreach (Image image in group)
                if (contradictory.Contains(group) || (image != kept && (image.Part < last || last == 0)))
                    gone.Add((image.Part, image.Place));
        }

        LabelledEntries[] left = [.. parts.Select((part, number) => Without(part, number, gone))];
        return (left[0], isWithoutValidation ? null : left[1], isWithoutTest ? null : left[2],
            Sentences(gone.Count, across, conflicts));
    }

    private static string[] Sentences(int gone, int across, Image[][] conflicts)
    {
        int contradictory = conflicts.Sum(group => group.Length), copies = gone - contradictory;
        List<string> notes = [];
        if (copies > 0)
            notes.Add(
                $"{copies} {(copies == 1 ? "copy of an image is" : "copies of images are")} left out, so that none "
                + "is learned and tested"
                + (across > 0 ? $"; {across} {(across == 1 ? "image was" : "images were")} in more than one part and "
                    + "stay in the last (test before validation before training)." : "."));
        if (contradictory > 0)
            notes.Add($"{contradictory} files of {conflicts.Length} "
                + $"{(conflicts.Length == 1 ? "image" : "images")} under two labels are left out.");
        return [.. notes];
    }

    private static LabelledEntries Without(LabelledEntries part, int number, HashSet<(int, int)> gone)
    {
        int[] places = [.. Enumerable.Range(0, part.Entries.Length).Where(place => !gone.Contains((number, place)))];
        return places.Length == part.Entries.Length ? part
            : new([.. places.Select(place => part.Entries[place])], [.. places.Select(place => part.Labels[place])]);
    }

    /// <summary>Groups of two or more with the same bytes, each in the order of the parts.</summary>
    private static List<Image[]> FindCopies(IImageStore store, Image[] images)
    {
        long[] lengths = new long[images.Length];
        Parallel.For(0, images.Length, i => lengths[i] = store.Stamp(images[i].Entry).Length);
        IEnumerable<Image[]> equal = Enumerable.Range(0, images.Length).GroupBy(i => lengths[i])
            .Where(group => group.Key > 0).Select(group => group.Select(i => images[i]).ToArray())
            .Where(group => group.Length > 1);
        foreach (bool isWhole in (bool[])[false, true]) equal = SplitByHash(store, [.. equal], isWhole);
        return [.. equal];
    }

    private static List<Image[]> SplitByHash(IImageStore store, Image[][] groups, bool isWhole)
    {
        int[] entries = [.. groups.SelectMany(group => group.Select(image => image.Entry)).Distinct()];
        ConcurrentDictionary<int, UInt128> hashes = new();
        Parallel.ForEach(entries, entry =>
        {
            try
            {
                hashes[entry] = store.Hash(entry, isWhole);
            }
            catch (DataException)
            {
                // reading the image will say so
            }
        });
        return [.. groups.SelectMany(group => group.Where(image => hashes.ContainsKey(image.Entry))
            .GroupBy(image => hashes[image.Entry]).Select(same => same.ToArray()).Where(same => same.Length > 1))];
    }

    private static string Describe(DatasetInfo info, IImageStore store, Image[] group)
    {
        Image first = group[0], other = group.First(image => image.Label != first.Label);
        return $"'{store.Entries.PathOf(first.Entry)}' ({info.NameOf(first.Label)}) and "
            + $"'{store.Entries.PathOf(other.Entry)}' ({info.NameOf(other.Label)})";
    }

    private sealed record Image(int Part, int Place, int Entry, int Label);
}
