using Fovea.Core.Options;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Loading;

/// <summary>Options of how a <see cref="DataLoader"/> turns a dataset into batches.</summary>
public sealed record LoaderOptions
{
    /// <summary>Images in a batch, 1 or more.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Another order in every epoch; otherwise the dataset's order.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Leaves out the last batch where it is not full.</summary>
    public bool DropLast { get; init; }

    /// <summary>Key of the random numbers of order and transforms.</summary>
    public ulong Seed { get; init; }

    /// <summary>Steps between the stored image and the model's size.</summary>
    public TransformPipeline Transforms { get; init; } = TransformPipeline.None;

    /// <summary>
    /// How often each image comes in a row, each time transformed anew (repeated augmentation, Hoffer et al. 2020,
    /// arXiv:1901.09335). An epoch stays as long, so it has only every n-th image of its order, as in DeiT.
    /// </summary>
    public int Repeats { get; init; } = 1;

    /// <summary>
    /// Images of an epoch; null: each one once. More than there are: all of them in another order again and again, so
    /// that none comes twice more often than another. Fewer: a random choice.
    /// </summary>
    public int? Length { get; init; }

    /// <summary>Further views of each image, beside the one that <see cref="Transforms"/> makes; none.</summary>
    public IReadOnlyList<ViewOptions> Views { get; init; } = [];

    /// <summary>Mixes the images of a batch with each other; null: never.</summary>
    public BatchMixing? Mixing { get; init; }

    /// <summary>From the number of images of a batch to those of them that are prepared, by their places in it; the
    /// others are left as they are. Null: all.</summary>
    public Func<int, (int First, int Count)>? Share { get; init; }

    /// <summary>Channels that the model takes, 1 or 3; null: those of the dataset. Grey is repeated, colour turned
    /// grey.</summary>
    public int? Channels { get; init; }

    /// <summary>Interpolation of images of another size than the model's.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;

    /// <summary>Rows that the model takes; null: those of the dataset. Images of another size are
    /// resized.</summary>
    public int? Height { get; init; }

    /// <summary>Columns that the model takes; null: those of the dataset.</summary>
    public int? Width { get; init; }

    /// <summary>Mean and deviation; null: those of the dataset.</summary>
    public Normalization? Normalization { get; init; }

    /// <summary>Threads that prepare batches, 1 or more. The batches do not depend on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Batches prepared ahead of the one in use, 1 or more.</summary>
    public int Prefetch { get; init; } = 2;

    /// <summary>Processes of this machine that prepare as many images, and share its memory, 1 or more.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>Complains about values that make no sense.</summary>
    /// <exception cref="UsageException">Names the value and its range.</exception>
    public void Validate()
    {
        Check.Between(1, SizeForms.MostImages, BatchSize, "batch size");
        if (Workers is < 1 or > 256) throw new UsageException($"workers: must be from 1 to 256, not {Workers}.");
        if (Prefetch is < 1 or > 256) throw new UsageException($"prefetch: must be from 1 to 256, not {Prefetch}.");
        Check.AtLeast(1, Processes, "processes");
        if (Repeats is < 1 or > 1024) throw new UsageException($"repeats: must be from 1 to 1024, not {Repeats}.");
        if (Length < 1) throw new UsageException($"images of an epoch: must be 1 or more, not {Length}.");
        if (Length is not null && Repeats > 1)
            throw new UsageException("repeats: an epoch of a length of its own has none.");
        Mixing?.Validate();
        if (Channels is not (null or 1 or 3)) throw new UsageException($"channels: must be 1 or 3, not {Channels}.");
        Check.Between(1, SizeForms.MostPixels, Height ?? 1, "image height");
        Check.Between(1, SizeForms.MostPixels, Width ?? 1, "image width");
    }
}
