
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Statistics;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Statistics;

public sealed class DatasetStatisticsTests
{
    [Fact]
    public void Mean_and_deviation_are_those_of_all_pixels_whatever_the_threads()
    {
        InMemoryDataset dataset = Counting.Dataset(101);
        DatasetStatistics one = Measure(dataset), many = Measure(dataset, threads: 4);
        Assert.Equal(50 / 255f, one.Channels.Mean[0], 1e-6f);
        Assert.Equal(Math.Sqrt((101 * 101 - 1) / 12.0) / 255, one.Channels.Std[0], 1e-6);
        Assert.Equal(one.Channels.Mean, many.Channels.Mean);
        Assert.Equal(one.Channels.Std, many.Channels.Std);
        Assert.Equal([34, 34, 33], one.PerClass);
    }

    [Fact]
    public void Sizes_and_unreadable_files_are_found()
    {
        using TemporaryFolder folder = new();
        folder.Write("train/a/1.png", Support.Images.Png(1, 10, 20));
        folder.Write("train/a/2.png", Support.Images.Png(1, 30, 5));
        folder.Write("train/b/1.png", Support.Images.Png(1, 20, 8));
        folder.Write("test/b/1.png", Support.Images.Png(1, 20, 8));
        for (int i = 0; i < 12; i++) folder.Write($"train/b/x{i:00}.jpg", [0xFF, 0xD8, 1]);
        DatasetStatistics found = Measure(
            DatasetCatalogue.Load("folder", folder.Path,
                new() { ValidationShare = 0, Copies = CopyPolicy.Keep }).Train);
        Assert.Equal((15, 12, 10), (found.Count, found.UnreadableCount, found.Unreadable.Count));
        Assert.All(found.Unreadable, message => Assert.Contains(".jpg", message));
        Assert.Equal((new SizeRange(10, 20, 30), new SizeRange(5, 8, 20)), (found.Widths, found.Heights));
        Assert.Equal([2, 13], found.PerClass);
    }

    [Fact]
    public void A_range_has_a_lower_median()
    {
        Assert.Equal(new SizeRange(1, 2, 9), SizeRange.Of([9, 1, 2, 3]));
        Assert.Equal(new SizeRange(0, 0, 0), SizeRange.Of([]));
    }

    private static DatasetStatistics Measure(IImageDataset dataset, int threads = 1) =>
        DatasetStatistics.Measure(dataset, threads, TestContext.Current.CancellationToken);
}
