using System.Collections.Concurrent;

namespace Fovea.Data.Loading;

/// <summary>
/// Batches of a dataset, epoch after epoch, prepared by background threads. What a batch holds is a function of seed,
/// epoch and number alone, so a run can stop after any batch and go on later bit for bit.
/// </summary>
public sealed class DataLoader
{
    private readonly IImageDataset _dataset;
    private readonly LoaderOptions _options;
    private readonly ConcurrentBag<Batch> _spare;
    private readonly int _channels, _height, _width;

    /// <summary>A loader; nothing is read before the first epoch.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="options">Size, order and transforms of the batches.</param>
    /// <param name="sharing">Another loader, whose batches serve here while it is between epochs, if they are of this
    /// one's form.</param>
    /// <exception cref="UsageException">An option makes no sense.</exception>
    public DataLoader(IImageDataset dataset, LoaderOptions options, DataLoader? sharing = null)
    {
        options.Validate();
        (_dataset, _options) = (dataset, options);
        (_channels, _height, _width) = (
            options.Channels ?? dataset.Info.Channels, options.Height ?? dataset.Info.Height,
            options.Width ?? dataset.Info.Width);
        RequireMemory();
        _spare = sharing is not null && sharing.Form == Form ? sharing._spare : [];
    }

    /// <summary>Properties that two loaders' batches must share to serve for each other: capacity, shape, and classes
    /// of soft targets.</summary>
    private (int, int, int, int, int, string) Form =>
        (_options.BatchSize, _channels, _height, _width, _options.Mixing is null ? 0 : _dataset.Info.Classes,
            string.Join(',', _options.Views.Select(view => view.Size)));

    /// <summary>Images of a batch; the last one of an epoch may have fewer.</summary>
    public int BatchSize => _options.BatchSize;

    /// <summary>Batches in a whole epoch.</summary>
    public int BatchesPerEpoch =>
        _options.DropLast ? Total / _options.BatchSize : (Total + _options.BatchSize - 1) / _options.BatchSize;

    /// <summary>Images in a whole epoch.</summary>
    public int ImagesPerEpoch => _options.DropLast ? BatchesPerEpoch * _options.BatchSize : Total;

    private int Total => _options.Length ?? _dataset.Count;

    /// <summary>The batches of one epoch. Each is valid until the next one is asked for. Ending early stops the
    /// workers.</summary>
    /// <param name="epoch">From 0. Decides order and transforms.</param>
    /// <param name="startBatch">Number of the first batch: 0, or where an interrupted epoch goes on.</param>
    /// <exception cref="DataException">While enumerating: an image cannot be read, or a transform does not fit
    /// it.</exception>
    public IEnumerable<Batch> Epoch(int epoch, int startBatch = 0) => Part(epoch, startBatch, BatchesPerEpoch, default);

    /// <summary>Some batches of an epoch, as <see cref="Epoch"/>.</summary>
    /// <param name="epoch">From 0. Decides order and transforms.</param>
    /// <param name="startBatch">Number of the first batch.</param>
    /// <param name="endBatch">Number after the last batch.</param>
    /// <param name="stop">Ends the waiting for a batch that is not ready.</param>
    /// <exception cref="DataException">While enumerating: an image cannot be read, or a transform does not fit
    /// it.</exception>
    /// <exception cref="OperationCanceledException">While enumerating: <paramref name="stop"/> asked for
    /// it.</exception>
    public IEnumerable<Batch> Part(int epoch, int startBatch, int endBatch, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(startBatch);
        return Enumerate(epoch, startBatch, Math.Min(endBatch, BatchesPerEpoch), stop);
    }

    /// <summary>The order of the images in an epoch.</summary>
    internal int[] Order(int epoch)
    {
        if (_options.Length is int length) return Rounds(epoch, length);
        int[] order = _options.Shuffle ? Philox.For(_options.Seed, "shuffle", (ulong)epoch).Permutation(_dataset.Count)
            : [.. Enumerable.Range(0, _dataset.Count)];
        // From the end, so that no source is overwritten before it is read.
        for (int i = order.Length - 1; i > 0; i--) order[i] = order[i / _options.Repeats];
        return order;
    }

    /// <summary>All images in one order after another, cut to a length.</summary>
    private int[] Rounds(int epoch, int length)
    {
        int[] order = new int[_dataset.Count == 0 ? 0 : length];
        for (int start = 0; start < order.Length; start += _dataset.Count)
        {
            int[] round = _options.Shuffle
                ? Philox.For(_options.Seed, "shuffle.round", (ulong)epoch, (ulong)(start / _dataset.Count))
                    .Permutation(_dataset.Count)
                : [.. Enumerable.Range(0, _dataset.Count)];
            round.AsSpan(0, Math.Min(round.Length, length - start)).CopyTo(order.AsSpan(start));
        }

        return order;
    }

    /// <summary>Batches are made when they are needed; that they fit is known before.</summary>
    private void RequireMemory()
    {
        long elements = (long)_options.BatchSize * _channels
            * ((long)_height * _width + _options.Views.Sum(view => (long)view.Size * view.Size));
        string what = $"{_options.Prefetch + 1} batches of {_options.BatchSize} images of {_channels} x {_height} x "
            + $"{_width}, which are prepared ahead,";
        const string remedy = "Lower `batch-size` or `image-size`.";
        MemoryLimit.Require((double)elements * sizeof(float) * (_options.Prefetch + 1), what, remedy,
            _options.Processes);
        if (elements > Array.MaxLength)
            throw new UsageException(
                $"a batch of {_options.BatchSize} images of {_channels} x {_height} x {_width} has "
                + $"{elements} numbers; {Array.MaxLength} is the most.")
            { Remedy = remedy };
    }

    private IEnumerable<Batch> Enumerate(int epoch, int startBatch, int endBatch, CancellationToken stop)
    {
        int[] order = Order(epoch);
        Batch[] ring = [.. Enumerable.Range(0, _options.Prefetch + 1).Select(_ => Rent())];
        try
        {
            using Prefetcher prefetcher = new(ring, startBatch, endBatch, _options.Workers,
                () => FillerOf(order, epoch));
            while (prefetcher.Next(stop) is Batch batch) yield return batch;
        }
        finally
        {
            foreach (Batch batch in ring) _spare.Add(batch);   // the workers have ended: nobody writes to them any more
        }
    }

    /// <summary>A worker's way of filling a batch by its number.</summary>
    private Action<Batch, CancellationToken> FillerOf(int[] order, int epoch)
    {
        BatchAssembler assembler = new(_dataset, _options);
        int size = _options.BatchSize;
        return (batch, stop) =>
        {
            int start = batch.Number * size;
            int end = Math.Min(start + size, order.Length);
            assembler.Fill(batch, epoch, start, order.AsSpan(start..end), order.AsSpan(end), stop);
        };
    }

    private Batch Rent()
    {
        (int capacity, int channels, int height, int width, int classes, _) = Form;
        return _spare.TryTake(out Batch? batch) ? batch
            : new Batch(capacity, channels, height, width, classes, _options.Views.Select(view => view.Size));
    }
}
