using System.Text;
using Fovea.Core.Files;

namespace Fovea.Core.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    public void A_disk_that_fills_up_leaves_the_previous_file_and_no_rest(int room)
    {
        string path = _folder["last"];
        AtomicFile.Write(path, stream => stream.Write("before"u8));

        CheckpointException error = Assert.Throws<CheckpointException>(
            () => AtomicFile.Write(path, stream => stream.Write(new byte[100]), stream => new FullDisk(stream, room)));

        Assert.Equal($"{path}: could not be saved (the previous one is still there): No space left on device",
            error.Message);
        Assert.Equal("before", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_folder_that_is_missing_is_named() =>
        Assert.Contains("nothing was there before",
            Assert.Throws<CheckpointException>(() => AtomicFile.Write(_folder["no/file"], _ => { })).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_rest_of_a_killed_attempt_is_removed()
    {
        string rest = TemporaryFile.NameFor(_folder["last"]);
        File.WriteAllText(rest, "a long rest of what was being written");
        TemporaryFile.Forget(rest);
        AtomicFile.Write(_folder["last"], stream => stream.Write(Encoding.ASCII.GetBytes("new")));
        Assert.Equal("new", File.ReadAllText(_folder["last"]));
        Assert.Equal([_folder["last"]], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Files_of_others_with_a_like_name_stay()
    {
        string[] others = ["last.tmp", "last.00000000-1-00000000.tmp", "last.mine.tmp", "first.tmp"];
        foreach (string name in others) File.WriteAllText(_folder[name], name);
        File.WriteAllText(_folder["target"], "of a link");
        File.CreateSymbolicLink(_folder["last.link.tmp"], _folder["target"]);
        AtomicFile.WriteText(_folder["last"], "new");
        Assert.All(others, name => Assert.Equal(name, File.ReadAllText(_folder[name])));
        Assert.Equal("of a link", File.ReadAllText(_folder["target"]));
    }

    /// <summary>A stream that takes only so many bytes.</summary>
    private sealed class FullDisk(Stream inner, int room) : MemoryStream
    {
        private int _room = room;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer[..Math.Min(_room, buffer.Length)]);
            if ((_room -= buffer.Length) < 0) throw new IOException("No space left on device");
        }
    }
}
