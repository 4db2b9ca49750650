using System.Security.Cryptography;
using Fovea.Data.Downloads;
using Fovea.Training.Pretrained;

namespace Fovea.Training.Tests.Pretrained;

[Collection("Published weights")]
public sealed class WeightsCacheTests : IDisposable
{
    private readonly byte[] _content = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7 >> 2))];
    private readonly TemporaryFolder _folder = new();
    private readonly FaultyServer _server;
    private readonly HttpClient _client = Downloader.CreateClient();
    private readonly List<string> _said = [];

    public WeightsCacheTests() => _server = new FaultyServer(_content);

    [Fact]
    public async Task Weights_are_fetched_once_and_kept_with_a_note()
    {
        WeightsCache cache = Cache($"    sha256: {SumOf(_content)}");
        ListedWeights entry = cache.List.Require("mine");
        Assert.Null(cache.Find(entry));
        (string path, WeightsOrigin origin, bool isNew) = await Fetch(cache);
        Assert.Equal((true, cache.PathOf(entry), "list", _content.Length),
            (isNew, path, origin.KnownBy, (int)origin.Bytes));
        Assert.Equal(_content, File.ReadAllBytes(path));
        Assert.Equal(path, cache.Find(entry));
        Assert.Equal(origin.Sha256, WeightsOrigin.Beside(path)!.Sha256);
        Assert.Equal([0.5, 0.5, 0.5], WeightsOrigin.Beside(path)!.Mean!);
        Assert.False((await Fetch(cache)).IsNew);
        Assert.Single(_server.Starts);
        Assert.Empty(_said);
    }

    [Fact]
    public async Task A_sum_that_nobody_publishes_is_kept_at_the_first_fetch()
    {
        WeightsCache cache = Cache();
        (string path, WeightsOrigin origin, _) = await Fetch(cache);
        Assert.Equal("nothing", origin.KnownBy);
        Assert.Contains($"it is {SumOf(_content)} and has to be that from now on", Assert.Single(_said),
            StringComparison.Ordinal);
        File.Delete(path);
        _server.Content = [.. _content.Reverse()];
        DataException error = await Assert.ThrowsAsync<DataException>(() => Fetch(cache));
        Assert.Contains($"not that of the first fetch (as {path}.origin.json says; remove it to take another file)",
            error.Message, StringComparison.Ordinal);
        _server.Content = _content;
        File.Delete(path + ".part");
        Assert.True((await Fetch(cache)).IsNew);
    }

    [Fact]
    public async Task Whoever_waited_for_another_process_keeps_its_note()
    {
        _server.Pause = 20;
        WeightsCache cache = Cache();
        (string Path, WeightsOrigin Origin, bool IsNew)[] both = await Task.WhenAll(
            Task.Run(() => Fetch(cache)), Task.Run(() => Fetch(Cache())));
        Assert.Single(both, one => one.IsNew);
        Assert.Single(_server.Starts.Distinct());
        WeightsOrigin origin = WeightsOrigin.Beside(both[0].Path)!;
        Assert.Equal((_server.Root.AbsoluteUri + "mine.safetensors", "nothing"), (origin.Address, origin.KnownBy));
    }

    [Fact]
    public async Task A_server_may_vouch_for_the_sum()
    {
        _server.Redirections["/mine.safetensors"] = (302, "/there", $"X-Linked-ETag: \"{SumOf(_content)}\"\r\n");
        Assert.Equal("server", (await Fetch(Cache())).Origin.KnownBy);
        Assert.Empty(_said);
    }

    [Fact]
    public async Task A_file_that_changed_in_the_cache_is_not_taken()
    {
        WeightsCache cache = Cache();
        string path = (await Fetch(cache)).Path;
        ListedWeights entry = cache.List.Require("mine");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(1));   // read again, and right
        Assert.Equal(path, cache.Find(entry));
        File.WriteAllBytes(path, [.. _content.Reverse()]);
        Assert.Contains("nothing was deleted", Assert.Throws<DataException>(() => cache.Find(entry)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_behind_a_login_are_put_there_by_hand()
    {
        WeightsCache cache = Cache("    login: true\n    licence: mine-only");
        ListedWeights entry = cache.List.Require("mine");
        UsageException error = await Assert.ThrowsAsync<UsageException>(() => Fetch(cache));
        Assert.Contains($"licence (mine-only) accepted: fetch {entry.Address}", error.Message,
            StringComparison.Ordinal);
        Assert.Contains(cache.PathOf(entry), error.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Paths);
        Directory.CreateDirectory(Path.GetDirectoryName(cache.PathOf(entry))!);
        File.WriteAllBytes(cache.PathOf(entry), _content);
        Assert.Equal(cache.PathOf(entry), cache.Find(entry));
        Assert.Equal(SumOf(_content), WeightsOrigin.Beside(cache.PathOf(entry))!.Sha256);
        Assert.False((await Fetch(cache)).IsNew);
        Assert.Empty(_server.Paths);
    }

    [Fact]
    public async Task A_file_that_is_there_by_hand_is_compared_with_the_list()
    {
        WeightsCache cache = Cache("    sha256: 00000000");
        ListedWeights entry = cache.List.Require("mine");
        Directory.CreateDirectory(Path.GetDirectoryName(cache.PathOf(entry))!);
        File.WriteAllBytes(cache.PathOf(entry), _content);
        Assert.Contains("not the published 00000000...",
            Assert.Throws<DataException>(() => cache.Find(entry)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DataException>(() => Fetch(cache));
    }

    [Fact]
    public async Task A_mirror_is_asked_in_place_of_the_address()
    {
        WeightsCache cache = new(_folder.Path, WeightsList.BuiltIn.With($"""
            mirrors:
              https://download.pytorch.org: {_server.Root.AbsoluteUri}mirror
            weights:
              - name: resnet18.tv_in1k
                bytes: {_content.Length}
                sha256: {SumOf(_content)}
            """, "my.yaml"));
        (string path, WeightsOrigin origin, _) = await Fetch(cache, "resnet18");
        Assert.Equal(["/mirror/models/resnet18-f37072fd.pth"], _server.Paths);
        Assert.EndsWith("mirror/models/resnet18-f37072fd.pth", origin.Address, StringComparison.Ordinal);
        Assert.Equal(_content, File.ReadAllBytes(path));
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private static string SumOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private WeightsCache Cache(string more = "") => new(_folder.Path, WeightsList.BuiltIn.With($"""
        weights:
          - name: mine
            preset: vit-nano
            address: {_server.Root.AbsoluteUri}mine.safetensors
            mean: 0.5
            std: 0.5

        """ + more, "my.yaml"));

    private Task<(string Path, WeightsOrigin Origin, bool IsNew)> Fetch(WeightsCache cache, string name = "mine") =>
        cache.FetchAsync(cache.List.Require(name), _client, null, _said.Add, TestContext.Current.CancellationToken);
}
