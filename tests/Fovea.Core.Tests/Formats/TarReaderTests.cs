using System.Formats.Tar;
using System.Text;
using Fovea.Core.Formats;
using TarReader = Fovea.Core.Formats.TarReader;

namespace Fovea.Core.Tests.Formats;

public sealed class TarReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public void Files_of_every_dialect_are_read_by_their_names_without_folders(TarEntryFormat format)
    {
        string source = _folder.Write("source/one.bin", Encoding.ASCII.GetBytes("first"));
        string archive = Path.Combine(_folder.Path, "a.tar");
        using (TarWriter writer = new(File.Create(archive), format))
        {
            writer.WriteEntry(source, "folder/one.bin");
            writer.WriteEntry(source, "folder/two.bin");
        }

        using BoundedReader reader = BoundedReader.Open(archive);
        TarReader tar = new(reader);
        Assert.True(tar.Next());
        Assert.Equal(("one.bin", 5L), (tar.Name, tar.Size));
        Assert.True(tar.Next());   // the first is passed over unread
        Assert.Equal("two.bin", tar.Name);
        Assert.Equal("first"u8, tar.ReadContent(limit: 5));
        Assert.False(tar.Next());
    }

    [Fact]
    public void A_file_larger_than_allowed_is_not_read() =>
        Fails("big has 1000 bytes, more than the 999", Make.Tar(("big", new byte[1000])));

    [Fact]
    public void What_is_no_archive_is_said_to_be_none() =>
        Fails("no tar header at offset 0", [.. Enumerable.Repeat((byte)'x', 2048)]);

    [Fact]
    public void A_truncated_archive_is_named() => Fails("x.tar", Make.Tar(("big", new byte[900]))[..1400]);

    [Fact]
    public void A_truncated_header_is_named() =>
        Fails("cut off in a tar header at offset 512", Make.Tar(("big", new byte[900]))[..700]);

    private void Fails(string message, byte[] archive)
    {
        using BoundedReader reader = BoundedReader.Open(_folder.Write("x.tar", archive));
        TarReader tar = new(reader);
        DataException e = Assert.Throws<DataException>(() => { while (tar.Next()) tar.ReadContent(limit: 999); });
        Assert.Contains(message, e.Message);
    }
}
