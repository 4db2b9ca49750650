using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Datasets.Splits;

public sealed class ReadableImagesTests
{
    [Fact]
    public void The_next_readable_image_of_the_class_stands_in()
    {
        ReadableImages images = new(new Holed(Counting.Dataset(12), 3, 6, 11));
        Assert.Equal([0, 1, 2, 9, 4, 5, 9, 7, 8, 9, 10, 2],
            Enumerable.Range(0, 12).Select(index => Value(images, index)));
        Assert.Equal([3, 6, 11], images.SkippedNumbers);
        Assert.Equal(["3.jpg: is cut off.", "6.jpg: is cut off.", "11.jpg: is cut off."], images.Skipped);
        Assert.Equal(9, Value(images, 3));
        Assert.Equal(0, images.Read(3, new RawImage()));
    }

    [Fact]
    public void Where_no_image_of_a_class_can_be_read_another_stands_in_with_its_label()
    {
        ReadableImages images = new(new Holed(Counting.Dataset(6), 1, 4));
        Assert.Equal([0, 2, 2, 3, 5, 5], Enumerable.Range(0, 6).Select(index => Value(images, index)));
        Assert.Equal([0, 2, 2, 0, 2, 2], Enumerable.Range(0, 6).Select(index => images.Read(index, new RawImage())));
        DataLoader loader = new(new ReadableImages(new Holed(Counting.Dataset(6), 1, 4)), new() { BatchSize = 6 });
        Assert.Equal([0, 2, 2, 0, 2, 2], loader.Epoch(0).Single().Labels);
    }

    [Fact]
    public void What_parts_share_is_counted_once()
    {
        ReadableImages images = new(new Holed(Counting.Dataset(12), 3, 6, 11));
        DatasetSplits splits = new()
        {
            Train = images,
            Validation = new Subset(images, [0, 3]),
            Test = images,
            ValidationOrigin = "none",
        };
        foreach (int index in Enumerable.Range(0, images.Count)) Value(images, index);
        Assert.Equal(3, splits.SkippedImages!.Count);
    }

    [Fact]
    public void A_part_without_any_is_an_error()
    {
        ReadableImages images = new(new Holed(Counting.Dataset(3), 0, 1, 2));
        Assert.Contains("no image of this part can be read, e.g. 1.jpg",
            Assert.Throws<DataException>(() => Value(images, 1)).Message);
    }

    [Fact]
    public void Batches_do_not_depend_on_workers()
    {
        static float[] Epoch(int workers)
        {
            DataLoader loader = new(
                new ReadableImages(new Holed(Counting.Dataset(40), 5, 8, 11, 38)),
                new() { BatchSize = 7, Shuffle = true, Workers = workers });
            return [.. loader.Epoch(0).SelectMany(batch => batch.Images[..(batch.Count * 16)])];
        }

        Assert.Equal(Epoch(1), Epoch(4));
    }

    [Fact]
    public void Without_it_one_error_names_the_first_ten()
    {
        int[] bad = [.. Enumerable.Range(2, 13)];
        DataLoader loader = new(new Holed(Counting.Dataset(20), bad), new() { BatchSize = 20 });
        DataException many = Assert.Throws<DataException>(() => loader.Epoch(0).Count());
        string message = many.Message;
        Assert.Contains("at least 13 images", many.Reason);
        Assert.Equal((11, "Skip it."), (many.Details.Count, many.Remedy));
        Assert.All(bad[..10], number => Assert.Contains($"  {number}.jpg: is cut off.", message));
        Assert.Contains("and 3 more", message);
        Assert.DoesNotContain("12.jpg", message);
        DataLoader one = new(new Holed(Counting.Dataset(20), 7), new() { BatchSize = 20 });
        DataException single = Assert.Throws<DataException>(() => one.Epoch(0).Count());
        Assert.Equal(("7.jpg: is cut off.", "Skip it."), (single.Message, single.Remedy));
    }

    [Fact]
    public void The_ten_may_lie_in_later_batches()
    {
        DataLoader loader = new(new Holed(Counting.Dataset(60), [.. Enumerable.Range(0, 15).Select(i => 4 * i)]),
            new() { BatchSize = 4, Workers = 2 });
        string message = Assert.Throws<DataException>(() => loader.Epoch(0).Count()).Message;
        Assert.All(Enumerable.Range(0, 10), i => Assert.Contains($"  {4 * i}.jpg: is cut off.", message));
        Assert.Contains("at least 11 images", message);
    }

    private static int Value(ReadableImages dataset, int index)
    {
        RawImage image = new();
        dataset.Read(index, image);
        return image.Pixels[0];
    }
}
