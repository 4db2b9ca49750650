using System.Security.Cryptography;
using Fovea.Data.Datasets;
using Fovea.Data.Downloads;

namespace Fovea.Data.Tests.Downloads;

public sealed class DownloaderTests : IDisposable
{
    private readonly byte[] _content = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31 >> 3))];
    private readonly TemporaryFolder _folder = new();
    private readonly RangeServer _server;
    private readonly HttpClient _client = new();

    public DownloaderTests() => _server = new RangeServer(_content);

    private string Target => Path.Combine(_folder.Path, "new", "file.gz");

    private string Part => Target + ".part";

    [Fact]
    public async Task A_file_is_fetched_once()
    {
        List<long> progress = [];
        Assert.True(await new Downloader(_client)
            .FetchAsync(File(), Path.GetDirectoryName(Target)!, progress.Add, TestContext.Current.CancellationToken));
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
        Assert.False(System.IO.File.Exists(Part));
        Assert.Equal(_content.Length, progress[^1]);
        Assert.False(await Fetch());
        Assert.Equal([0], _server.Starts);
    }

    [Fact]
    public async Task A_broken_connection_goes_on_by_itself()
    {
        _server.BreakAfter = 70_000;
        Assert.True(await Fetch());
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
        Assert.Equal(0, _server.Starts[0]);
        Assert.Equal(_server.Starts.Order().Distinct(), _server.Starts);
    }

    [Fact]
    public async Task An_interrupted_download_goes_on_in_the_next_run()
    {
        Start(50_000);
        Assert.True(await Fetch());
        Assert.Equal([50_000], _server.Starts);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task A_server_without_ranges_sends_everything_again()
    {
        Start(50_000);
        _server.KnowsRanges = false;
        Assert.True(await Fetch());
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task A_wrong_checksum_deletes_nothing_and_says_so()
    {
        DataException error = await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Md5 = new string('0', 32) }));
        Assert.Contains("nothing was deleted", error.Message);
        Assert.Equal(_content.Length, new FileInfo(Part).Length);
        Assert.False(System.IO.File.Exists(Target));
        System.IO.File.Move(Part, Target);
        await Assert.ThrowsAsync<DataException>(() => Fetch(File() with { Md5 = new string('0', 32) }));
        Assert.True(System.IO.File.Exists(Target));
    }

    [Fact]
    public async Task Servers_that_refuse_or_send_something_else_are_named()
    {
        _server.Status = 404;
        Assert.Contains("404", (await Assert.ThrowsAsync<DataException>(() => Fetch())).Message);
        Assert.False(Directory.Exists(Path.GetDirectoryName(Target)));   // nothing came: no empty folder
        _server.Status = 200;
        Assert.Contains("more than the 1000 bytes",
            (await Assert.ThrowsAsync<DataException>(() => Fetch(File() with { Bytes = 1000 }))).Message);
        Start(100);
        _server.Shift = 5;
        Assert.Contains("another part", (await Assert.ThrowsAsync<DataException>(() => Fetch())).Message);
        _server.Shift = 0;
        _server.BreakAfter = 0;
        Assert.Contains("100 of 200000 bytes are there",
            (await Assert.ThrowsAsync<DataException>(() => Fetch())).Message);
        Start(300_000);
        Assert.Contains("remove it to begin anew", (await Assert.ThrowsAsync<DataException>(() => Fetch())).Message);
    }

    [Fact]
    public void The_table_has_whole_entries()
    {
        foreach (RemoteFile file in DownloadCatalogue.Names.SelectMany(DownloadCatalogue.Files))
        {
            Assert.Equal(("https", 32), (file.Address.Scheme, file.Md5.Length));
            Assert.EndsWith(file.Name, file.Address.AbsolutePath);
        }

        Assert.Equal(4, DownloadCatalogue.Files("MNIST").Count);
        Assert.All(DownloadCatalogue.Names, name => Assert.True(DatasetCatalogue.IsKnown(name)));
        Assert.Contains("mnist, cifar10, cifar100",
            Assert.Throws<UsageException>(() => DownloadCatalogue.Files("imagenet")).Message);
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

#pragma warning disable CA5351 // the datasets' authors publish MD5
    private RemoteFile File() =>
        new(_server.Address, "file.gz", _content.Length, Convert.ToHexStringLower(MD5.HashData(_content)));
#pragma warning restore CA5351

    private Task<bool> Fetch(RemoteFile? file = null) =>
        new Downloader(_client).FetchAsync(file ?? File(), Path.GetDirectoryName(Target)!,
            stop: TestContext.Current.CancellationToken);

    private void Start(int length)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Part)!);
        System.IO.File.WriteAllBytes(Part, length <= _content.Length ? _content[..length] : new byte[length]);
    }
}
