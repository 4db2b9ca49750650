using System.Diagnostics;
using System.Runtime.InteropServices;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Tests.Loading;

namespace Fovea.Data.Tests.Datasets.Files;

/// <summary>
/// A folder of very many images is listed in little memory, batches of it included, and without opening them: that
/// takes longer than the (generous) limit. <c>bench/README.md</c> has the time.
/// </summary>
[Collection<Alone>]
public sealed class LargeFolderTests
{
    private const int Batches = 50;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    [Fact]
    public void Three_thousand_images_start_at_once() => Start(3_000, classes: 10, mostBytes: 20 << 20);

    [Fact]
    [Trait("Category", "Slow")]
    public void A_hundred_thousand_images_start_at_once() => Start(100_000, classes: 100, mostBytes: 200 << 20);

    private static void Start(int count, int classes, long mostBytes)
    {
        using TemporaryFolder folder = new();
        string first = folder.Write("first.png", Support.Images.Png(width: 2, height: 2));
        for (int label = 0; label < classes; label++)
        {
            string name = Path.Combine(folder.Path, $"class {label:000}");
            Directory.CreateDirectory(name);
            for (int i = label; i < count; i += classes)
                Link(first, Path.Combine(name, $"an image with a name of usual length {i:000000}.png"));
        }

        TimeSpan fastest = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 3 && fastest > Limit; attempt++)   // a busy machine is no slow reader
        {
            long before = GC.GetTotalMemory(forceFullCollection: true), start = Stopwatch.GetTimestamp();
            DatasetSplits splits = DatasetCatalogue.Load("folder", folder.Path, new() { Copies = CopyPolicy.Keep });
            DataLoader loader = new(splits.Train,
                new() { BatchSize = 32, Shuffle = true, Height = 32, Width = 32, Workers = 2 });
            TimeSpan time = TimeSpan.MaxValue;
            foreach (Batch batch in loader.Epoch(0).Take(Batches))
            {
                if (time == TimeSpan.MaxValue) time = Stopwatch.GetElapsedTime(start);
                Assert.Equal(32, batch.Count);
                // garbage included
                Assert.InRange(GC.GetTotalMemory(forceFullCollection: false) - before, 0, mostBytes);
            }

            fastest = time < fastest ? time : fastest;
            Assert.Equal(count, splits.Train.Count + splits.Validation.Count + splits.Test.Count);
            GC.KeepAlive(splits);
        }

        Assert.True(fastest < Limit, $"{count} images took {fastest.TotalSeconds:F1} s to start.");
    }

    /// <summary>Another name of a file, which is made sooner than another file; Windows gets a copy.</summary>
    private static void Link(string file, string name)
    {
        if (OperatingSystem.IsWindows() || HardLink(file, name) != 0) File.Copy(file, name);
    }

    [DllImport("libc", EntryPoint = "link")]
    private static extern int HardLink([MarshalAs(UnmanagedType.LPUTF8Str)] string file,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
