using Fovea.Data.Datasets.Records;

namespace Fovea.Data.Tests.Datasets.Records;

public sealed class IdxFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_comes_back_as_it_was_written_gzipped_or_not(bool zipped)
    {
        byte[] pixels = [.. Enumerable.Range(0, 24).Select(i => (byte)i)], file = Make.Idx([2, 3, 4], pixels);
        (int[] shape, byte[] bytes) = IdxFile.Read(_folder.Write("x", zipped ? Make.Gzip(file) : file), 3);
        Assert.Equal([2, 3, 4], shape);
        Assert.Equal(pixels, bytes);
    }

    [Fact]
    public void A_wrong_magic_number_is_named() =>
        Fails("starts with 0x00000D01", Make.Idx([3], [1, 2, 3], magic: 0xD01));

    [Fact]
    public void Labels_where_images_should_be_are_told_apart()
    {
        string file = _folder.Write("x", Make.Idx([12], new byte[12]));
        Assert.Contains("not an IDX file of images", Assert.Throws<DataException>(() => IdxFile.Read(file, 3)).Message);
    }

    [Fact]
    public void A_truncated_file_is_named() =>
        Fails("should take 4 bytes at offset 8, but the file can hold 3 more", Make.Idx([4], [1, 2, 3]));

    [Fact]
    public void A_truncated_gzip_file_is_named() => Fails("offset 11", Make.Gzip(Make.Idx([4], [1, 2, 3])));

    [Fact]
    public void A_truncated_header_is_named() => Fails("the header", [0, 0, 8, 1, 0]);

    [Fact]
    public void An_oversized_header_allocates_nothing() =>
        Fails("the header is damaged", Make.Idx([int.MaxValue], [1]));

    [Fact]
    public void A_header_of_no_records_is_refused() => Fails("is 0", Make.Idx([0], []));

    [Fact]
    public void Bytes_behind_the_last_record_are_refused() =>
        Fails("bytes left after the last record, at 11", Make.Idx([3], [1, 2, 3, 4]));

    private void Fails(string message, byte[] file)
    {
        DataException e = Assert.Throws<DataException>(() => IdxFile.Read(_folder.Write("labels", file), 1));
        Assert.Contains(message, e.Message);
        Assert.Contains("labels", e.Message);
    }
}
