using Fovea.Core.Formats;

namespace Fovea.Core.Tests.Formats;

public sealed class BoundedReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_gzip_bomb_ends_in_one_clear_error()
    {
        string file = _folder.Write("bomb.gz", Make.Gzip(new byte[8 << 20]));
        using BoundedReader reader = BoundedReader.Open(file, limit: 1 << 20);
        DataException e = Assert.Throws<DataException>(() => reader.Skip(4 << 20, "the bomb"));
        Assert.Contains("bomb.gz: the bomb should take 4194304 bytes at offset 0; files of these datasets have at most "
            + "1048576", e.Message);
    }

    [Fact]
    public void A_length_that_the_file_cannot_hold_is_refused_before_anything_is_allocated()
    {
        string file = _folder.Write("small.gz", Make.Gzip([1, 2, 3]));
        using BoundedReader reader = BoundedReader.Open(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DataException>(() => reader.Read(1 << 30, "the pixels"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Damaged_gzip_data_is_named()
    {
        byte[] packed = Make.Gzip([.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * i >> 3))]);
        packed[packed.Length / 2] ^= 0xFF;
        string file = _folder.Write("damaged.gz", packed);
        using BoundedReader reader = BoundedReader.Open(file);
        DataException e = Assert.Throws<DataException>(() =>
            { reader.Read(100_000, "the pixels"); reader.RequireEnd(); });
        Assert.Contains("damaged.gz", e.Message);
    }

    [Fact]
    public void A_wrong_trailer_is_found_even_where_the_contents_end_earlier()
    {
        byte[] content = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * i >> 3))];
        byte[] packed = Make.Gzip(content);
        for (int back = 1; back <= 8; back++)   // checksum and length
        {
            byte[] damaged = [.. packed];
            damaged[^back] ^= 1;
            using BoundedReader reader = BoundedReader.Open(_folder.Write("damaged.gz", damaged));
            reader.Read(50_000, "the pixels");
            Assert.Throws<DataException>(reader.RequireIntact);
        }

        using BoundedReader whole = BoundedReader.Open(_folder.Write("whole.gz", packed));
        whole.Read(50_000, "the pixels");
        whole.RequireIntact();
        Assert.Equal(100_000, whole.Position);
    }

    [Fact]
    public void A_missing_file_is_a_data_error() =>
        Assert.Throws<DataException>(() => BoundedReader.Open(Path.Combine(_folder.Path, "none")));
}
