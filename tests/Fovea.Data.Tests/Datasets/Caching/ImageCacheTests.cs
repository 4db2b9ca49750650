using System.Text;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Caching;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets.Caching;

public sealed class ImageCacheTests
{
    private const int Side = 10;

    [Theory]
    [InlineData("folder")]
    [InlineData("imagenet")]
    [InlineData("cats-and-dogs")]
    [InlineData("csv")]
    public void Cached_images_are_those_of_the_resize(string dataset)
    {
        using TemporaryFolder folder = Sample();
        string data = folder.Path + (dataset == "cats-and-dogs" ? "/train.zip" : dataset == "csv" ? "/list.csv" : "");
        DatasetSplits plain = DatasetCatalogue.Load(dataset, data), cached = Load(folder, dataset, data, "cache");
        RawImage expected = new(), image = new();
        ImageScratch scratch = new();
        foreach ((IImageDataset left, IImageDataset right) in new[] { plain.Train, plain.Validation,
            plain.Test }.Zip([cached.Train, cached.Validation, cached.Test]))
        {
            Assert.Equal(Labels(left), Labels(right));
            for (int i = 0; i < left.Count; i++)
            {
                left.Read(i, expected, 2 * Side);
                if (Math.Min(expected.Height, expected.Width) > Side)
                    new Resize(Side).Apply(expected, default, scratch);
                right.Read(i, image, i);   // comes in the cache's size, whatever is asked for
                Assert.Equal((expected.Channels, expected.Height, expected.Width),
                    (image.Channels, image.Height, image.Width));
                Assert.Equal(expected.Pixels, image.Pixels);
            }
        }

        Assert.NotEqual(0, cached.Train.Count);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.tmp"));
    }

    [Fact]
    public void The_files_are_decoded_once()
    {
        using TemporaryFolder folder = Sample();
        byte[][] first = All(Load(folder));
        foreach (string file in Directory.GetFiles(Path.Combine(folder.Path, "train"), "*.png",
            SearchOption.AllDirectories))
        {
            DateTime time = File.GetLastWriteTimeUtc(file);
            // no image any more, but of the same length and time
            File.WriteAllBytes(file, new byte[new FileInfo(file).Length]);
            File.SetLastWriteTimeUtc(file, time);
        }

        Assert.Equal(first, All(Load(folder)));
    }

    [Fact]
    public void A_file_that_does_not_fit_is_refused_and_stays()
    {
        using TemporaryFolder folder = Sample();
        Load(folder);
        byte[] before = File.ReadAllBytes(Path.Combine(folder.Path, "cache"));
        Assert.Contains("holds images of 10 pixels, not of 11", Error(() => Load(folder, side: 11)));
        string image = Directory.GetFiles(Path.Combine(folder.Path, "train"), "*.png", SearchOption.AllDirectories)[0];
        File.SetLastWriteTimeUtc(image, File.GetLastWriteTimeUtc(image).AddSeconds(1));
        Assert.Contains("they have changed since", Error(() => Load(folder)));
        File.Delete(image);
        Assert.Contains("was made for other images", Error(() => Load(folder)));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder.Path, "cache")));
    }

    [Fact]
    public void A_folder_keeps_a_file_for_each_size_and_state()
    {
        using TemporaryFolder folder = Sample(), caches = new();
        byte[][] Cached(int side) =>
            All(DatasetCatalogue.Load("folder", folder.Path, new() { Cache = new(caches.Path) { Side = side } }));
        byte[][] ten = Cached(10), eleven = Cached(11);
        Assert.NotEqual(ten, eleven);
        Assert.Equal(ten, Cached(10));
        Assert.Equal(2, Directory.GetFiles(caches.Path).Length);
        folder.Write("train/a/new.png", Png());
        Cached(10);
        Assert.Equal(3, Directory.GetFiles(caches.Path, "folder-1*.images").Length);
    }

    [Fact]
    public void Unreadable_images_stay_unreadable()
    {
        using TemporaryFolder folder = Sample();
        folder.Write("train/a/bad.png", Encoding.ASCII.GetBytes("no image"));
        DatasetSplits splits = Load(folder);
        Assert.Contains("bad.png", Error(() => All(splits)));
        Assert.Contains("bad.png", Error(() => All(Load(folder))));
        All(DatasetCatalogue.Load("folder", folder.Path,
            new() { Cache = new(Path.Combine(folder.Path, "cache")) { Side = Side }, SkipBad = true }));
    }

    [Fact]
    public void Damaged_files_give_an_error_or_the_same_images()
    {
        using TemporaryFolder folder = Sample();
        byte[][] images = All(Load(folder));
        string path = Path.Combine(folder.Path, "cache");
        byte[] file = File.ReadAllBytes(path);
        int refused = 0;
        Philox draws = Philox.For(3, "damage");
        for (int round = 0; round < 400; round++)
        {
            byte[] damaged = [.. file];
            // Half of it in header and index, where it could do most harm.
            int at = draws.Below(2 * (ulong)round, round % 2 == 0 ? 400 : file.Length);
            damaged[at] ^= (byte)(1 << round % 8);
            if (round % 5 == 0) damaged = damaged[..at];
            File.WriteAllBytes(path, damaged);
            try
            {
                Assert.Equal(images, All(Load(folder)));
            }
            catch (DataException error)
            {
                Assert.Contains(path, error.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.Equal(400, refused);   // every bit is covered by a checksum or by the key
    }

    [Fact]
    public void Exchanged_blanked_and_moved_bytes_never_give_other_images()
    {
        using TemporaryFolder folder = Sample();
        byte[][] images = All(Load(folder));
        string path = Path.Combine(folder.Path, "cache");
        byte[] file = File.ReadAllBytes(path);
        Random random = new(5);
        for (int round = 0; round < 500; round++)
        {
            byte[] damaged = [.. file];
            int length = random.Next(1, round % 2 == 0 ? 30 : 400), from = random.Next(file.Length - length),
                to = random.Next(file.Length - length);
            switch (round % 5)
            {
                case 0: damaged.AsSpan(to, length).Clear(); break;
                case 1: file.AsSpan(from, length).CopyTo(damaged.AsSpan(to)); break;
                case 2: random.NextBytes(damaged.AsSpan(to, length)); break;
                case 3: damaged = [.. file[..to], .. file[from..(from + length)], .. file[to..]]; break;
                default: damaged = [.. file[..to], .. file[(to + length)..]]; break;
            }

            File.WriteAllBytes(path, damaged);
            try
            {
                Assert.Equal(images, All(Load(folder)));
            }
            catch (DataException error)
            {
                Assert.Contains(path, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_file_that_is_cut_short_or_replaced_while_it_is_read_gives_a_message_or_the_same_images()
    {
        using TemporaryFolder folder = Sample();
        DatasetSplits splits = Load(folder);
        byte[][] images = All(splits);
        string path = Path.Combine(folder.Path, "cache");
        File.WriteAllText(path + "2", "another file");
        byte[] contents = File.ReadAllBytes(path);
        File.Move(path + "2", path, overwrite: true);
        Assert.Equal(images, All(splits));

        File.WriteAllBytes(path, contents);
        splits = Load(folder);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            file.SetLength(CacheHeader.Size);
        Assert.Contains("was cut short", Error(() => All(splits)));
    }

    [Fact]
    public void A_hostile_index_with_right_checksums_stays_inside_the_file()
    {
        using TemporaryFolder folder = Sample();
        Load(folder);
        string path = Path.Combine(folder.Path, "cache");
        byte[] original = File.ReadAllBytes(path);
        CacheHeader header = CacheHeader.Parse(original, out _)!;
        CacheEntry[] hostile =
        [
            new(1, 4, 5, 3, 0), new(long.MaxValue, 4, 5, 3, 0), new(-1, 4, 5, 3, 0),
            new(header.DataStart, int.MaxValue, int.MaxValue, 3, 0),
            new(header.DataStart, -4, -5, 3, 0), new(header.DataStart, 4, 5, 2, 0),
            new(header.FileLength - 10, 4, 5, 3, 0), new(header.DataStart, 0, 5, 3, 0),
        ];
        foreach (CacheEntry entry in hostile)
        {
            byte[] file = [.. original];
            Span<CacheEntry> index = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, CacheEntry>(
                file.AsSpan(CacheHeader.Size, header.Count * CacheEntry.Size));
            index.Fill(entry);
            uint checksum = Crc32C.Of(file.AsSpan(CacheHeader.Size, header.Count * CacheEntry.Size));
            (header with { IndexChecksum = checksum }).ToBytes().CopyTo(file, 0);
            File.WriteAllBytes(path, file);
            Assert.Contains("is damaged at the image", Error(() => All(Load(folder))));
        }
    }

    [Fact]
    public void What_cannot_be_made_leaves_nothing()
    {
        using TemporaryFolder folder = Sample();
        CacheOptions stopped = new(Path.Combine(folder.Path, "cache")) { Stop = new CancellationToken(canceled: true) };
        Assert.ThrowsAny<OperationCanceledException>(() =>
            DatasetCatalogue.Load("folder", folder.Path, new() { Cache = stopped }));
        Assert.Empty(Directory.GetFiles(folder.Path, "cache*"));
        string file = folder.Write("plain", [1]);
        Assert.Contains("could not be made",
            Error(() => DatasetCatalogue.Load("folder", folder.Path,
                new() { Cache = new(Path.Combine(file, "cache")) })));
        Assert.Contains("too short",
            Error(() => DatasetCatalogue.Load("folder", folder.Path, new() { Cache = new(file) })));
        Assert.Equal([1], File.ReadAllBytes(file));
    }

    [Fact]
    public void Progress_is_told()
    {
        using TemporaryFolder folder = Sample();
        List<(int, int)> told = [];
        DatasetCatalogue.Load("folder", folder.Path,
            new()
            {
                Cache = new(Path.Combine(folder.Path, "cache"))
                {
                    Report = (done, total) =>
                told.Add((done, total))
                }
            });
        Assert.Equal(told[^1].Item2, told[^1].Item1);
    }

    [Fact]
    public void Only_image_files_are_cached()
    {
        Assert.Contains("shapes",
            Assert.Throws<UsageException>(() =>
                DatasetCatalogue.Load("shapes", null, new() { Cache = new("x") })).Message);
        Assert.Contains("0", Assert.Throws<UsageException>(() =>
            DatasetCatalogue.Load("folder", ".", new() { Cache = new("x") { Side = 0 } })).Message);
    }

    [Fact]
    public void The_checksum_is_the_published_one() => Assert.Equal(0xE3069283, Crc32C.Of("123456789"u8));

    /// <summary>Noise of several sizes, grey ones among them: as folders of classes, as an archive of cats and dogs,
    /// and as a list.</summary>
    private static TemporaryFolder Sample()
    {
        TemporaryFolder folder = new();
        List<(string, byte[])> animals = [];
        StringBuilder list = new();
        for (int i = 0; i < 12; i++)
        {
            (int width, int height, bool isGrey) = (5 + 7 * (i % 4), 4 + 9 * (i % 3), i == 7);
            byte[] pixels = new byte[width * height * (isGrey ? 1 : 3)];
            new Random(i).NextBytes(pixels);
            byte[] png = PngWriter.Encode(pixels, width, height, isGrey ? PngColor.Grey : PngColor.Rgb);
            folder.Write($"train/{"ab"[i % 2]}/{i}.png", png);
            animals.Add(($"train/{(i % 2 == 0 ? "cat" : "dog")}.{i}.jpg", png));
            list.AppendLine($"train/{"ab"[i % 2]}/{i}.png,{"ab"[i % 2]}");
        }

        folder.Write("train.zip", Zip([.. animals]));
        folder.Write("list.csv", Encoding.UTF8.GetBytes(list.ToString()));
        return folder;
    }

    private static DatasetSplits Load(TemporaryFolder folder, string dataset = "folder", string? data = null,
        string cache = "cache", int side = Side) =>
        DatasetCatalogue.Load(dataset, data ?? folder.Path,
            new() { Cache = new(Path.Combine(folder.Path, cache)) { Side = side } });

    private static byte[][] All(DatasetSplits splits)
    {
        RawImage image = new();
        return [.. new[] { splits.Train, splits.Validation,
            splits.Test }.SelectMany(part => Enumerable.Range(0, part.Count).Select(i =>
        {
            part.Read(i, image);
            return image.Pixels.ToArray();
        }))];
    }
}
