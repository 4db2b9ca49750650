using System.Diagnostics;

namespace Fovea.Data.Loading;

/// <summary>Fills batches: read, transform, resize, set channels, normalise, mix. Each worker has one of its
/// own.</summary>
internal sealed class BatchAssembler(IImageDataset dataset, LoaderOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly RawImage _image = new();
    private readonly ImagePreparation _preparation = new(dataset.Info, options);

    /// <summary>Fills <paramref name="batch"/> with images; the result depends on nothing but seed, epoch and
    /// indices.</summary>
    /// <param name="batch">Written over.</param>
    /// <param name="epoch">Decides the transforms.</param>
    /// <param name="start">Place of the first image in the epoch: tells the repeats of an image apart.</param>
    /// <param name="indices">Images of the dataset.</param>
    /// <param name="following">Those that the epoch will ask for later.</param>
    /// <param name="stop">Ends the work between two images; nobody will look at the batch then.</param>
    /// <exception cref="DataException">Images cannot be read: others are tried all the same for some seconds, so that
    /// one error names ten.</exception>
    public void Fill(Batch batch, int epoch, int start, ReadOnlySpan<int> indices, ReadOnlySpan<int> following,
        CancellationToken stop)
    {
        indices.CopyTo(batch.Indices);
        batch.Count = indices.Length;
        UnreadableImages unreadable = new();
        (int first, int count) = options.Share?.Invoke(indices.Length) ?? (0, indices.Length);
        for (int i = 0; i < indices.Length && !stop.IsCancellationRequested; i++)
        {
            // An image that is mixed needs the one as far from the other end.
            bool isAsked = i - first >= 0 && i - first < count;
            int partner = indices.Length - 1 - i;
            if (!isAsked && (options.Mixing is null || partner < first || partner >= first + count)) continue;
            int index = indices[i];
            if (TryRead(index, unreadable) is not int label) continue;
            batch.Labels[i] = label;
            ulong repeat = (ulong)((start + i) % options.Repeats);
            Philox draws = Philox.For(options.Seed, "augment", (ulong)epoch, (uint)index | repeat << 32);
            _preparation.Prepare(_image, batch.Images.AsSpan(i * _preparation.Length, _preparation.Length), draws);
        }

        if (!unreadable.IsEmpty) LookFurther(following, unreadable, stop);
        unreadable.ThrowIfAny(dataset.Info.Name);
        if (!stop.IsCancellationRequested)
            options.Mixing?.Apply(batch, Philox.For(options.Seed, "mix", (ulong)epoch, (ulong)batch.Number));
    }

    private void LookFurther(ReadOnlySpan<int> following, UnreadableImages unreadable, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (int index in following)
        {
            if (unreadable.IsFull || stop.IsCancellationRequested || Stopwatch.GetElapsedTime(start) > Patience) return;
            TryRead(index, unreadable);
        }
    }

    /// <returns>The image's class; null if it cannot be read.</returns>
    private int? TryRead(int index, UnreadableImages unreadable)
    {
        try
        {
            return dataset.Read(index, _image, _preparation.LeastSide);
        }
        catch (DataException error)
        {
            unreadable.Add(error);
            return null;
        }
    }
}
