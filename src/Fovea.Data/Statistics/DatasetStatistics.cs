namespace Fovea.Data.Statistics;

/// <summary>Statistics of the images of a dataset, measured by decoding each.</summary>
public sealed record DatasetStatistics
{
    private const int MessagesKept = 10;

    /// <summary>Images.</summary>
    public required int Count { get; init; }

    /// <summary>Images of each class, by its number.</summary>
    public required IReadOnlyList<int> PerClass { get; init; }

    /// <summary>Rows of the readable images.</summary>
    public required SizeRange Heights { get; init; }

    /// <summary>Columns of the readable images.</summary>
    public required SizeRange Widths { get; init; }

    /// <summary>Mean and deviation of each channel over all pixels of the readable images, samples scaled to 0 ..
    /// 1.</summary>
    public required Normalization Channels { get; init; }

    /// <summary>Images that cannot be read.</summary>
    public required int UnreadableCount { get; init; }

    /// <summary>Errors of the first ten of them.</summary>
    public required IReadOnlyList<string> Unreadable { get; init; }

    /// <summary>Measures.</summary>
    /// <param name="dataset">Every image of it is read.</param>
    /// <param name="threads">Threads that read, 1 or more. The result does not depend on it.</param>
    /// <param name="stop">Ends the work early.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static DatasetStatistics Measure(IImageDataset dataset, int threads = 1, CancellationToken stop = default)
    {
        (int Height, int Width)[] sizes = new (int, int)[dataset.Count];
        string?[] errors = new string?[dataset.Count];
        ChannelSums sums = new(dataset.Info.Channels);
        ParallelOptions options = new() { MaxDegreeOfParallelism = threads, CancellationToken = stop };
        Parallel.For(0, dataset.Count, options, () => (new RawImage(), new ChannelSums(dataset.Info.Channels)),
            (index, _, local) =>
        {
            (RawImage image, ChannelSums part) = local;
            try
            {
                dataset.Read(index, image);
                part.Add(image);
                sizes[index] = (image.Height, image.Width);
            }
            catch (DataException error)
            {
                errors[index] = error.Message;
            }

            return local;
        }, local =>
        {
            lock (sums) sums.Add(local.Item2);
        });
        return Of(dataset, sizes, errors, sums);
    }

    private static DatasetStatistics Of(IImageDataset dataset, (int Height, int Width)[] sizes, string?[] errors,
        ChannelSums sums)
    {
        int[] perClass = new int[dataset.Info.Classes];
        for (int i = 0; i < dataset.Count; i++) perClass[dataset.Label(i)]++;
        return new()
        {
            Count = dataset.Count,
            PerClass = perClass,
            Heights = SizeRange.Of(sizes.Where(size => size.Height > 0).Select(size => size.Height)),
            Widths = SizeRange.Of(sizes.Where(size => size.Height > 0).Select(size => size.Width)),
            Channels = sums.ToNormalization(),
            UnreadableCount = errors.Count(error => error is not null),
            Unreadable = [.. errors.OfType<string>().Take(MessagesKept)],
        };
    }
}
