using System.Diagnostics;

namespace Fovea.Data.Loading;

/// <summary>Fills batches: read, transform, resize, set channels, normalise, mix. Each worker has one of its
/// own.</summary>
internal sealed class BatchAssembler(IImageDataset dataset, LoaderOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly RawImage _image = new(), _copy = new();
    private readonly ImagePreparation _preparation = new(dataset.Info, options);
    private readonly ImagePreparation[] _views = [.. options.Views.Select(view => new ImagePreparation(dataset.Info,
        options with { Transforms = view.Transforms, Height = view.Size, Width = view.Size }))];
    private int? _leastSide;

    /// <summary>Pixels that the shorter side of an image needs for all views; 0: the full size.</summary>
    private int LeastSide
    {
        get
        {
            if (_leastSide is int known) return known;
            int[] sides = [_preparation.LeastSide, .. _views.Select(view => view.LeastSide)];
            _leastSide = sides.Contains(0) ? 0 : sides.Max();
            return _leastSide.Value;
        }
    }

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
            ulong repeat = (ulong)(options.Length is null ? (start + i) % options.Repeats
                : (start + i) / dataset.Count);
            ulong which = (uint)index | repeat << 32;
            Philox draws = Philox.For(options.Seed, "augment", (ulong)epoch, which);
            if (_views.Length > 0) PrepareViews(batch, i, (ulong)epoch, which);
            _preparation.Prepare(_image, batch.Images.AsSpan(i * _preparation.Length, _preparation.Length), draws);
        }

        if (!unreadable.IsEmpty) LookFurther(following, unreadable, stop);
        unreadable.ThrowIfAny(dataset.Info.Name);
        if (!stop.IsCancellationRequested)
            options.Mixing?.Apply(batch, Philox.For(options.Seed, "mix", (ulong)epoch, (ulong)batch.Number));
    }

    /// <summary>Prepares the further views of the image that was read, which stays as it is.</summary>
    private void PrepareViews(Batch batch, int place, ulong epoch, ulong which)
    {
        for (int view = 0; view < _views.Length; view++)
        {
            int length = _views[view].Length;
            _copy.CopyFrom(_image);
            _views[view].Prepare(_copy, batch.Views[view].Images.AsSpan(place * length, length),
                Philox.For(options.Seed, $"augment.view{view + 1}", epoch, which));
        }
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
            return dataset.Read(index, _image, LeastSide);
        }
        catch (DataException error)
        {
            unreadable.Add(error);
            return null;
        }
    }
}
