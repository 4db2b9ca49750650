using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Loading;
using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Loading;

public sealed class DataLoaderTests
{
    private static TransformPipeline Augment { get; } = TransformPipeline.Parse("random-crop:4:padding=1,hflip");

    [Fact]
    public void Processes_of_a_machine_share_its_memory()
    {
        const int Ahead = 255, Side = 64;
        double image = (Ahead + 1.0) * Side * Side * sizeof(float);
        LoaderOptions options = new()
        {
            BatchSize = (int)(0.75 * MemoryLimit.Available / image),
            Prefetch = Ahead,
            Height = Side,
            Width = Side,
        };
        Assert.NotNull(new DataLoader(Counting.Dataset(4), options));
        Assert.Contains("for each of 2 ranks on this machine", Assert.Throws<UsageException>(() =>
            new DataLoader(Counting.Dataset(4), options with { Processes = 2 })).Message);
    }

    [Fact]
    public void Every_image_comes_once_an_epoch_whatever_the_sizes() => Prop.ForAll(
        (from count in Gen.Choose(1, 40)
         from size in Gen.Choose(1, 12)
         from workers in Gen.Choose(1, 4)
         from ahead in Gen.Choose(1, 3)
         select (count, size, workers, ahead)).ToArbitrary(),
        ((int Count, int Size, int Workers, int Ahead) c) =>
        {
            LoaderOptions options = new()
            {
                BatchSize = c.Size,
                Shuffle = true,
                Workers = c.Workers,
                Prefetch = c.Ahead
            };
            DataLoader loader = new(Counting.Dataset(c.Count), options);
            DataLoader dropping = new(Counting.Dataset(c.Count), options with { DropLast = true });
            List<int> seen = [.. loader.Epoch(1).SelectMany(batch => batch.Indices[..batch.Count])];
            int whole = dropping.Epoch(1).Count(batch => batch.Count == c.Size);
            return seen.Order().SequenceEqual(Enumerable.Range(0, c.Count))
                && whole == c.Count / c.Size && dropping.BatchesPerEpoch == whole;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_epoch_of_a_length_of_its_own_takes_all_images_alike() => Prop.ForAll(
        (from count in Gen.Choose(1, 20)
         from length in Gen.Choose(1, 90)
         from start in Gen.Choose(0, 9)
         select (count, length, start)).ToArbitrary(),
        ((int Count, int Length, int Start) c) =>
        {
            LoaderOptions options = new() { BatchSize = 4, Shuffle = true, Length = c.Length };
            DataLoader loader = new(Counting.Dataset(c.Count), options),
                other = new(Counting.Dataset(c.Count), options with { Workers = 3 });
            List<int> seen = [.. loader.Epoch(1).SelectMany(batch => batch.Indices[..batch.Count])];
            List<int> later = [.. other.Epoch(1, c.Start).SelectMany(batch => batch.Indices[..batch.Count])];
            int[] times = [.. Enumerable.Range(0, c.Count).Select(image => seen.Count(index => index == image))];
            return seen.Count == c.Length && times.Max() - times.Min() <= 1
                && seen.Skip(4 * c.Start).SequenceEqual(later)
                && loader.BatchesPerEpoch == (c.Length + 3) / 4 && loader.ImagesPerEpoch == c.Length;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_image_that_comes_again_is_changed_anew()
    {
        DataLoader loader = new(ShapesDataset.Load(0, 1, 1, 1).Train, new()
        {
            BatchSize = 8,
            Shuffle = true,
            Length = 8,
            Transforms = TransformPipeline.Parse("random-crop:32:padding=8"),
        });
        Batch batch = loader.Epoch(0).First();
        int length = batch.Images.Length / 8;
        Assert.True(batch.Images.Chunk(length).Select(image => string.Join(',', image)).Distinct().Count() > 4);
    }

    [Fact]
    public void Batches_hold_labels_and_normalised_pixels_of_their_indices()
    {
        DataLoader loader = new(Counting.Dataset(20), new() { BatchSize = 6, Shuffle = true, Seed = 5 });
        foreach (Batch batch in loader.Epoch(0))
        {
            for (int i = 0; i < batch.Count; i++)
            {
                Assert.Equal(batch.Indices[i] % 3, batch.Labels[i]);
                float expected = (batch.Indices[i] / 255f - 0.5f) / 0.25f;
                Assert.All(batch.Images[(i * 16)..(i * 16 + 16)], value => Assert.Equal(expected, value, 1e-5f));
            }
        }
    }

    [Fact]
    public void A_share_of_a_batch_has_the_images_labels_and_targets_of_the_whole_one() => Prop.ForAll(
        (from size in Gen.Choose(2, 9)
         from first in Gen.Choose(0, size - 1)
         from count in Gen.Choose(1, size - first)
         from mixing in Gen.Elements(null, new BatchMixing { Mixup = 0.5 }, new BatchMixing { CutMix = 1 })
         select (size, first, count, mixing)).ToArbitrary(),
        ((int Size, int First, int Count, BatchMixing? Mixing) c) =>
        {
            LoaderOptions options = new()
            {
                BatchSize = c.Size,
                Shuffle = true,
                Seed = 3,
                Transforms = Augment,
                Mixing = c.Mixing,
            };
            (int First, int Count) Share(int images) =>
                (Math.Min(c.First, images), Math.Clamp(images - c.First, 0, c.Count));
            using IEnumerator<Batch> whole = new DataLoader(Counting.Dataset(20), options).Epoch(1).GetEnumerator();
            foreach (Batch part in new DataLoader(Counting.Dataset(20), options with { Share = Share }).Epoch(1))
            {
                whole.MoveNext();
                (int first, int count) = Share(part.Count);
                bool IsSame<T>(Func<Batch, T[]> of, int each) => of(whole.Current).AsSpan(first * each, count * each)
                    .SequenceEqual(of(part).AsSpan(first * each, count * each));
                if (part.Count != whole.Current.Count || !IsSame(batch => batch.Images, 16)
                    || !IsSame(batch => batch.Labels, 1) || !IsSame(batch => batch.Indices, 1)
                    || (c.Mixing is not null && !IsSame(batch => batch.Targets!, part.Classes)))
                    return false;
            }

            return !whole.MoveNext();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Batches_do_not_depend_on_workers_and_prefetch()
    {
        LoaderOptions options = new() { BatchSize = 7, Shuffle = true, Seed = 3, Transforms = Augment };
        string[] one = Epoch(options, 2), many = Epoch(options with { Workers = 4, Prefetch = 5 }, 2);
        Assert.Equal(one, many);
        Assert.NotEqual(one, Epoch(options, 3));
        Assert.NotEqual(one, Epoch(options with { Seed = 4 }, 2));
    }

    [Fact]
    public void Loaders_share_batches_of_one_form_between_their_epochs()
    {
        LoaderOptions options = new() { BatchSize = 7, Workers = 2 };
        DataLoader first = new(Counting.Dataset(30), options);
        HashSet<Batch> batches = [.. first.Epoch(0)];
        Assert.Subset(batches, new DataLoader(Counting.Dataset(20), options, sharing: first).Epoch(0).ToHashSet());
        Assert.DoesNotContain(batches.First(),
            new DataLoader(Counting.Dataset(20), options with { BatchSize = 8 }, sharing: first).Epoch(0));
        using IEnumerator<Batch> going = first.Epoch(1).GetEnumerator();
        Assert.True(going.MoveNext());
        Assert.DoesNotContain(going.Current, new DataLoader(Counting.Dataset(20), options, sharing: first).Epoch(0));
    }

    [Fact]
    public void Mixed_and_erased_batches_are_the_same_for_any_number_of_workers_and_after_an_interruption()
    {
        LoaderOptions options = new()
        {
            BatchSize = 7,
            Shuffle = true,
            Seed = 3,
            Transforms = TransformPipeline.Parse(
                "random-crop:32:padding=4,color-jitter:brightness=0.4:hue=0.1," +
                "rand-m9-mstd0.5-inc1,random-erasing:value=random"),
            Mixing = new() { Mixup = 0.8, CutMix = 1, Smoothing = 0.1 },
            Repeats = 2,
        };
        string[] one = Epoch(options, 2);
        Assert.Equal(one, Epoch(options with { Workers = 4, Prefetch = 5 }, 2));
        Assert.Equal(one[3..], Epoch(options, 2, 3));
        Assert.NotEqual(one, Epoch(options with { Mixing = null }, 2));
    }

    [Fact]
    public void Repeated_images_come_in_a_row_differently_transformed_and_an_epoch_stays_as_long()
    {
        DataLoader loader = new(ShapesDataset.Draw(1, "test", 10),
            new()
            {
                BatchSize = 10,
                Shuffle = true,
                Repeats = 3,
                Transforms = TransformPipeline.Parse("random-crop:32:padding=8")
            });
        Batch batch = loader.Epoch(0).Single();
        Assert.Equal(10, batch.Count);
        Assert.Equal([3, 3, 3, 1], batch.Indices.CountBy(index => index).Select(pair => pair.Value));
        int size = batch.Images.Length / 10;
        Assert.Equal(batch.Indices[0], batch.Indices[2]);
        Assert.False(batch.Images.AsSpan(0, size).SequenceEqual(batch.Images.AsSpan(size, size)));
    }

    [Fact]
    public void An_epoch_goes_on_where_it_was_interrupted_bit_for_bit()
    {
        LoaderOptions options = new() { BatchSize = 7, Shuffle = true, Seed = 3, Transforms = Augment };
        string[] whole = Epoch(options, 4);
        for (int start = 0; start <= whole.Length; start++) Assert.Equal(whole[start..], Epoch(options, 4, start));
    }

    [Fact]
    public void The_order_is_the_datasets_without_shuffling_and_another_each_epoch_with_it()
    {
        DataLoader plain = new(Counting.Dataset(50), new() { BatchSize = 8 });
        DataLoader shuffled = new(Counting.Dataset(50), new() { BatchSize = 8, Shuffle = true });
        Assert.Equal(Enumerable.Range(0, 50), plain.Order(3));
        Assert.NotEqual(shuffled.Order(0), shuffled.Order(1));
        Assert.Equal(shuffled.Order(1), shuffled.Order(1));
    }

    [Fact]
    public void Images_take_the_size_and_channels_of_the_model()
    {
        DataLoader loader = new(Counting.Dataset(4), new() { BatchSize = 4, Channels = 3, Height = 6, Width = 8 });
        Batch batch = loader.Epoch(0).First();
        Assert.Equal((3, 6, 8, 4 * 3 * 6 * 8), (batch.Channels, batch.Height, batch.Width, batch.Images.Length));
        Assert.Equal((3 / 255f - 0.5f) / 0.25f, batch.Images[^1], 1e-5f);
    }

    [Fact]
    public void Errors_of_workers_reach_the_consumer_at_their_batch()
    {
        DataLoader loader = new(new Failing(Counting.Dataset(10), bad: 7),
            new() { BatchSize = 2, Workers = 2, Prefetch = 4 });
        int good = 0;
        DataException e = Assert.Throws<DataException>(() => { foreach (Batch _ in loader.Epoch(0)) good++; });
        Assert.Equal((3, "image 7 is broken"), (good, e.Message));
    }

    [Fact]
    public void Ending_early_stops_the_workers()
    {
        int threads = System.Diagnostics.Process.GetCurrentProcess().Threads.Count;
        DataLoader loader = new(Counting.Dataset(1000), new() { BatchSize = 2, Workers = 3 });
        for (int i = 0; i < 100; i++) Assert.Equal(2, loader.Epoch(i).First().Count);
        Assert.InRange(System.Diagnostics.Process.GetCurrentProcess().Threads.Count, 0, threads + 50);
    }

    [Theory]
    [InlineData(0, 1, 1, "batch size")]
    [InlineData(1, 0, 1, "workers")]
    [InlineData(1, 1, 0, "prefetch")]
    public void Options_that_make_no_sense_are_named(int batchSize, int workers, int prefetch, string named)
    {
        LoaderOptions options = new() { BatchSize = batchSize, Workers = workers, Prefetch = prefetch };
        Assert.StartsWith(named,
            Assert.Throws<UsageException>(() => new DataLoader(Counting.Dataset(1), options)).Message);
    }

    /// <summary>Each batch as text: numbers, labels and the sum of pixel bits.</summary>
    private static string[] Epoch(LoaderOptions options, int epoch, int start = 0)
    {
        InMemoryDataset dataset = ShapesDataset.Draw(1, "test", 60);
        DataLoader loader = new(dataset, options);
        return [.. loader.Epoch(epoch, start).Select(batch =>
        {
            HashCode pixels = default;
            foreach (float value in batch.Images.AsSpan(0, batch.Count * batch.Channels * batch.Height * batch.Width))
                pixels.Add(value);
            string indices = string.Join(' ', batch.Indices[..batch.Count]),
                labels = string.Join(' ', batch.Labels[..batch.Count]);
            foreach (float value in batch.Targets.AsSpan(0, batch.Count * batch.Classes)) pixels.Add(value);
            return $"{batch.Number}: {indices} {labels} {pixels.ToHashCode()}";
        })];
    }

    private sealed class Failing(IImageDataset source, int bad) : IImageDataset
    {
        public DatasetInfo Info => source.Info;

        public int Count => source.Count;

        public int Label(int index) => source.Label(index);

        public int Read(int index, RawImage image, int leastSide = 0)
        {
            if (index == bad) throw new DataException($"image {index} is broken");
            return source.Read(index, image);
        }
    }
}
