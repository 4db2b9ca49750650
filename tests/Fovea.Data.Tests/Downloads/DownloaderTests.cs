using System.Security.Cryptography;
using Fovea.Data.Datasets;
using Fovea.Data.Downloads;

namespace Fovea.Data.Tests.Downloads;

public sealed class DownloaderTests : IDisposable
{
    private static readonly DownloadPatience Hurried = new()
    {
        Pause = TimeSpan.FromMilliseconds(5),
        Look = TimeSpan.FromMilliseconds(10),
    };

    private readonly byte[] _content = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31 >> 3))];
    private readonly TemporaryFolder _folder = new();
    private readonly FaultyServer _server;
    private readonly HttpClient _client = Downloader.CreateClient();

    public DownloaderTests() => _server = new FaultyServer(_content);

    private string Folder => Path.Combine(_folder.Path, "new");

    private string Target => Path.Combine(Folder, "file.gz");

    private string Part => Target + ".part";

    [Fact]
    public async Task A_file_is_fetched_once()
    {
        List<(long Done, long? All)> progress = [];
        Assert.True((await Fetch(progress: (done, all) => progress.Add((done, all)))).IsNew);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
        Assert.Equal(["file.gz"], Directory.EnumerateFiles(Folder).Select(Path.GetFileName));
        Assert.Equal((_content.Length, _content.Length), progress[^1]);
        Assert.False((await Fetch()).IsNew);
        Assert.Equal([0], _server.Starts);
    }

    [Fact]
    public async Task A_broken_connection_goes_on_by_itself()
    {
        _server.BreakAfter = 70_000;
        Assert.True((await Fetch()).IsNew);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
        Assert.Equal(0, _server.Starts[0]);
        Assert.True(_server.Starts.Count >= 3);
        Assert.Equal(_server.Starts.Order().Distinct(), _server.Starts);
    }

    [Fact]
    public async Task A_silent_connection_is_given_up_and_made_again()
    {
        _server.StallAfter = 90_000;
        DownloadPatience patience = Hurried with { Silence = TimeSpan.FromMilliseconds(300) };
        Assert.True((await Fetch(patience: patience)).IsNew);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
        _server.StallAfter = 0;
        DataException error = await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Name = "other" }, patience));
        Assert.Contains("said nothing for 0.3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_download_goes_on_in_the_next_run()
    {
        Start(50_000);
        Assert.True((await Fetch()).IsNew);
        Assert.Equal([50_000], _server.Starts);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task A_server_without_ranges_sends_everything_again()
    {
        Start(50_000);
        _server.KnowsRanges = false;
        Assert.True((await Fetch()).IsNew);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData("\"one\"", null, false)]
    [InlineData("\"one\"", null, true)]
    [InlineData("W/\"one\"", null, true)]
    [InlineData(null, "Sat, 01 Aug 2026 10:00:00 GMT", false)]
    public async Task A_file_that_changes_between_two_parts_begins_anew(string? tag, string? modified, bool ignores)
    {
        byte[] old = [.. _content.Select(value => (byte)(value ^ 255))];
        (_server.Content, _server.Tag, _server.Modified) = (old, tag, modified);
        await Interrupt(File() with { Sum = null });
        Assert.True(new FileInfo(Part).Length > 50_000);
        (_server.Content, _server.IgnoresConditions) = (_content, ignores);
        (_server.Tag, _server.Modified) = (tag?.Replace("one", "two"), modified?.Replace("10:", "11:"));
        Assert.True((await Fetch(File() with { Sum = null })).IsNew);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task A_file_of_unknown_sum_goes_on_where_its_server_tells_versions_apart()
    {
        RemoteFile file = File() with { Sum = null, Bytes = null };
        _server.Tag = "\"one\"";
        await Interrupt(file);
        int there = (int)new FileInfo(Part).Length;
        Assert.Equal(SumOf(_content), (await Fetch(file)).Sum);
        Assert.Equal([0, there], _server.Starts);

        _server.Starts.Clear();
        _server.Tag = null;
        await Interrupt(file with { Name = "other" });
        Assert.Equal(SumOf(_content), (await Fetch(file with { Name = "other" })).Sum);
        Assert.Equal([0, 0], _server.Starts);
    }

    [Fact]
    public async Task Lengths_need_not_be_known()
    {
        _server.SaysLength = false;
        Assert.Equal(SumOf(_content), (await Fetch(File() with { Sum = null, Bytes = null })).Sum);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task Faults_of_a_server_that_pass_are_waited_for()
    {
        foreach (int status in (int[])[500, 503, 429]) _server.NextStatuses.Enqueue(status);
        Assert.True((await Fetch()).IsNew);
        Assert.Equal([0, 0, 0, 0], _server.Starts);
        _server.Status = 502;
        Assert.Contains("502",
            (await Assert.ThrowsAsync<DataException>(() => Fetch(File() with { Name = "b" }))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Pauses_grow_and_have_an_end()
    {
        DownloadPatience patience = new();
        Assert.Equal([1, 2, 4, 60], ((int[])[1, 2, 3, 30]).Select(n => patience.After(n, null).TotalSeconds));
        Assert.Equal(20, patience.After(1, TimeSpan.FromSeconds(20)).TotalSeconds);
        Assert.Equal(60, patience.After(1, TimeSpan.FromHours(1)).TotalSeconds);
    }

    [Fact]
    public async Task Redirections_are_followed_and_what_the_first_server_says_counts()
    {
        string said = $"X-Linked-ETag: \"{SumOf(_content)}\"\r\nX-Linked-Size: {_content.Length}\r\n";
        _server.Redirections["/file.gz"] = (302, "/elsewhere/a", said);
        _server.Redirections["/elsewhere/a"] = (307, $"{_server.Root}there", "");
        DownloadedFile got = await Fetch(File() with { Sum = null, Bytes = null });
        Assert.True(got.IsVouched);
        Assert.Equal(["/file.gz", "/elsewhere/a", "/there"], _server.Paths);

        _server.Redirections["/file.gz"] = (302, "/there", said.Replace(SumOf(_content)[..4], "0000"));
        Assert.Contains("that the server has", (await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Sum = null, Name = "b" }))).Message, StringComparison.Ordinal);
        _server.Redirections["/file.gz"] = (302, "/file.gz", "");
        Assert.Contains("on and on", (await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Name = "c" }))).Message, StringComparison.Ordinal);
        _server.Redirections["/file.gz"] = (302, "file:///etc/passwd", "");
        Assert.Contains("not a safe connection", (await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Name = "d" }))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_checksum_deletes_nothing_and_says_so()
    {
        DataException error = await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Sum = Checksum.Sha256(new string('0', 64)) }));
        Assert.Contains("nothing was deleted", error.Message, StringComparison.Ordinal);
        Assert.Equal(_content.Length, new FileInfo(Part).Length);
        Assert.False(System.IO.File.Exists(Target));
        System.IO.File.Move(Part, Target);
        await Assert.ThrowsAsync<DataException>(() => Fetch(File() with { Sum = Checksum.Sha256("0123") }));
        Assert.True(System.IO.File.Exists(Target));
    }

    [Fact]
    public async Task Parts_that_do_not_fit_together_are_fetched_once_more()
    {
        Start(50_000);
        using (FileStream part = new(Part, FileMode.Open)) part.WriteByte(77);
        List<string> said = [];
        Assert.True((await Fetch(said: said.Add)).IsNew);
        Assert.Equal([50_000, 0], _server.Starts);
        Assert.Contains("from its beginning", Assert.Single(said), StringComparison.Ordinal);
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task First_digits_of_a_checksum_are_compared()
    {
        string sum = SumOf(_content);
        Assert.Equal(sum, (await Fetch(File() with { Sum = Checksum.Sha256(sum[..8]) })).Sum);
        Assert.Contains("not the published 00000000...", (await Assert.ThrowsAsync<DataException>(() =>
            Fetch(File() with { Sum = Checksum.Sha256("00000000") }))).Message, StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(Target));
    }

    [Fact]
    public async Task Servers_that_refuse_or_send_something_else_are_named()
    {
        async Task Refused(string words, RemoteFile? file = null) => Assert.Contains(words,
            (await Assert.ThrowsAsync<DataException>(() => Fetch(file))).Message, StringComparison.Ordinal);

        _server.Status = 404;
        await Refused("404 (NotFound): the file is not there");
        Assert.False(Directory.Exists(Folder));   // nothing came: no empty folder
        _server.Status = 403;
        await Refused($"put it at {Target}");
        _server.Status = 200;
        await Refused("not the 1000 that are published", File() with { Bytes = 1000 });
        _server.SaysLength = false;
        await Refused("more than the 1000 bytes", File() with { Bytes = 1000, Name = "b" });
        _server.SaysLength = true;
        _server.Head = "Content-Type: text/html; charset=utf-8\r\n";
        await Refused("a web page");
        _server.Head = "Content-Encoding: gzip\r\n";
        await Refused("packed (gzip)");
        _server.Head = "";
        Start(100);
        _server.Shift = 5;
        await Refused("another part");
        _server.Shift = 0;
        _server.BreakAfter = 0;
        await Refused("100 of 200000 bytes are there");
        Start(300_000);
        await Refused("remove it to begin anew");
    }

    [Fact]
    public async Task A_disk_without_room_and_a_folder_that_is_none_are_said()
    {
        Downloader full = new(_client) { Patience = Hurried, Space = _ => 1000 };
        Assert.Contains("1,000 B are free", (await Assert.ThrowsAsync<DataException>(() => full.FetchAsync(File(),
            Folder, stop: TestContext.Current.CancellationToken))).Message.Replace("1000 B", "1,000 B"),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder));
        System.IO.File.WriteAllText(Folder, "a file");
        Assert.Contains("cannot be written",
            (await Assert.ThrowsAsync<DataException>(() => Fetch())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_at_once_one_fetches_and_the_others_wait()
    {
        _server.Pause = 20;
        List<string> said = [];
        Task<DownloadedFile>[] all = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => Fetch(said: line =>
        {
            lock (said) said.Add(line);
        })))];
        DownloadedFile[] got = await Task.WhenAll(all);
        Assert.Single(got, one => one.IsNew);
        Assert.All(got, one => Assert.Equal(SumOf(_content), one.Sum));
        Assert.Equal(["file.gz"], Directory.EnumerateFiles(Folder).Select(Path.GetFileName));
        Assert.Contains("another process fetches it", said[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_waits_goes_on_where_the_other_one_was_stopped()
    {
        _server.Pause = 20;
        using CancellationTokenSource killed = new();
        Task<DownloadedFile> first = Fetch(progress: (done, _) =>
        {
            if (done > 60_000) killed.Cancel();
        }, stop: killed.Token);
        while (!System.IO.File.Exists(Part)) await Task.Delay(5, TestContext.Current.CancellationToken);
        Assert.True((await Fetch()).IsNew);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.True(_server.Starts.Count == 2 && _server.Starts[1] > 60_000, string.Join(' ', _server.Starts));
        Assert.Equal(_content, System.IO.File.ReadAllBytes(Target));
    }

    [Fact]
    public void The_table_has_whole_entries()
    {
        foreach (RemoteFile file in DownloadCatalogue.Names.SelectMany(DownloadCatalogue.Files))
        {
            Assert.Equal(("https", true), (file.Address.Scheme, file.Sum!.IsWhole));
            Assert.EndsWith(file.Name, file.Address.AbsolutePath, StringComparison.Ordinal);
        }

        Assert.Equal(4, DownloadCatalogue.Files("MNIST").Count);
        Assert.All(DownloadCatalogue.Names, name => Assert.True(DatasetCatalogue.IsKnown(name)));
        Assert.Contains("mnist, cifar10, cifar100",
            Assert.Throws<UsageException>(() => DownloadCatalogue.Files("imagenet")).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private static string SumOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private RemoteFile File() => new(_server.Address, "file.gz", _content.Length, Checksum.Sha256(SumOf(_content)));

    private Task<DownloadedFile> Fetch(RemoteFile? file = null, DownloadPatience? patience = null,
        Action<long, long?>? progress = null, Action<string>? said = null, CancellationToken? stop = null) =>
        new Downloader(_client) { Patience = patience ?? Hurried }.FetchAsync(file ?? File(), Folder, progress, said,
            stop ?? TestContext.Current.CancellationToken);

    /// <summary>Stops a download when a quarter of it has come.</summary>
    private async Task Interrupt(RemoteFile file)
    {
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Fetch(file, progress: (done, _) =>
        {
            if (done > _content.Length / 4) stop.Cancel();
        }, stop: stop.Token));
    }

    private void Start(int length)
    {
        Directory.CreateDirectory(Folder);
        System.IO.File.WriteAllBytes(Part, length <= _content.Length ? _content[..length] : new byte[length]);
    }
}
