using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Files;
using static Fovea.Data.Tests.Support.Images;

namespace Fovea.Data.Tests.Datasets.Files;

public sealed class ZipStoreTests
{
    private const int DirectoryLength = 24;   // offset of the unpacked length in an entry of the directory

    [Theory]
    [InlineData("../cat.0.jpg")]
    [InlineData("train/../../cat.0.jpg")]
    [InlineData("/cat.0.jpg")]
    [InlineData("C:/cat.0.jpg")]
    [InlineData("train\\..\\cat.0.jpg")]
    public void Names_that_lead_out_of_the_archive_are_refused(string name) =>
        Assert.Contains("leads out of the archive", Error(() => Open(Zip((name, Png())))));

    [Fact]
    public void A_file_that_is_no_archive_or_is_cut_off_is_refused()
    {
        byte[] zip = Zip(("a.png", Png()), ("b.png", Png()));
        Assert.Contains("no zip archive", Error(() => Open([])));
        Assert.Contains("no zip archive", Error(() => Open(zip[..^1])));
        Assert.Contains("no zip archive", Error(() => Open(Png())));
        Assert.Contains("directory", Error(() => Open(zip[60..])));
    }

    [Theory]
    [InlineData(-1, "more bytes than")]
    [InlineData(1, "fewer bytes than")]
    [InlineData(int.MaxValue - 1000, "more than it can")]
    public void Lengths_that_are_not_true_are_noticed(int more, string message)
    {
        byte[] content = [.. Enumerable.Range(0, 500).Select(i => (byte)(i * i))], zip = Zip(("a.png", content));
        int entry = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + DirectoryLength),
            more > 1000 ? more : content.Length + more);
        Assert.Contains(message, Error(() => Read(zip)));
    }

    [Fact]
    public void A_bomb_is_not_unpacked_beyond_what_it_claims()
    {
        byte[] zip = Zip(("a.png", new byte[50_000_000]));
        int entry = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(entry + DirectoryLength), 1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("more bytes than", Error(() => Read(zip)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
    }

    [Fact]
    public void Megabytes_of_zeros_are_not_unpacked()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("x.zip", Zip(("a/1.png", Png()), ("b/1.png", new byte[100 << 20])));
        ZipStore store = ZipStore.Open(path, DecodeLimits.Default);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("is no image of a known format", Error(() => store.Identify(1)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void Damaged_bytes_are_noticed()
    {
        byte[] zip = Zip(("a.png", [.. Enumerable.Range(0, 500).Select(i => (byte)(i * i))]));
        zip[100] ^= 0x55;
        Assert.StartsWith(Path.GetTempPath(), Error(() => Read(zip)));
    }

    [Fact]
    public void Mutated_archives_end_in_a_image_or_one_error()
    {
        byte[] zip = Zip(("a/1.png", Png()), ("b/1.png", Png()));
        Random random = new(1);
        using TemporaryFolder folder = new();
        for (int i = 0; i < 400; i++)
        {
            byte[] mutated = (byte[])zip.Clone();
            for (int j = random.Next(1, 4); j > 0; j--) mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            string path = folder.Write($"{i}.zip", mutated);
            try
            {
                ZipStore store = ZipStore.Open(path, DecodeLimits.Default);
                RawImage image = new();
                for (int entry = 0; entry < store.Entries.Count; entry++)
                    store.Decode(entry, image, DecodeOptions.Default);
            }
            catch (DataException)
            {
                // Any other exception fails the test.
            }
        }
    }

    private static ZipStore Open(byte[] zip)
    {
        using TemporaryFolder folder = new();
        return ZipStore.Open(folder.Write("x.zip", zip), DecodeLimits.Default);
    }

    private static RawImage Read(byte[] zip)
    {
        using TemporaryFolder folder = new();
        RawImage image = new();
        ZipStore.Open(folder.Write("x.zip", zip), DecodeLimits.Default).Decode(0, image, DecodeOptions.Default);
        return image;
    }
}
