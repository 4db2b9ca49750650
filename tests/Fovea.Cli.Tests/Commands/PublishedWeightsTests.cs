using System.Security.Cryptography;
using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

/// <summary>Published weights by name, of a server on this machine.</summary>
public sealed class PublishedWeightsTests : IDisposable
{
    private static readonly string[] Variables = ["FOVEA_CACHE", "FOVEA_WEIGHTS"];

    private readonly Shell _shell = new();
    private readonly FaultyServer _server;
    private readonly string _list;

    public PublishedWeightsTests()
    {
        string file = Path.Combine(_shell.Folder, "small.safetensors");
        Assert.Equal(0, _shell.Run("weights", _shell.Train(), "--to", file));
        _server = new FaultyServer(File.ReadAllBytes(file));
        _list = Path.Combine(_shell.Folder, "mine.yaml");
        Write("");
        Environment.SetEnvironmentVariable(Variables[0], Path.Combine(_shell.Folder, "cache"));
        Environment.SetEnvironmentVariable(Variables[1], _list);
    }

    public void Dispose()
    {
        foreach (string variable in Variables) Environment.SetEnvironmentVariable(variable, null);
        _server.Dispose();
        _shell.Dispose();
    }

    [Fact]
    public void Weights_are_listed_shown_and_fetched_by_name()
    {
        Assert.Equal(0, _shell.Run("weights", "list", "small"));
        Assert.Contains("small.test", _shell.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("resnet18.tv", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("weights", "get", "small.test"));
        Assert.Contains("fetched, SHA-256 kept at the first fetch, licence cc0-1.0", _shell.Output,
            StringComparison.Ordinal);
        Assert.Contains("has to be that from now on", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("weights", "get", "small.test"));
        Assert.Contains("already here", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("weights", "list", "--here", "--json"));
        JsonElement only = Assert.Single(
            JsonDocument.Parse(_shell.Output).RootElement.GetProperty("weights").EnumerateArray());
        Assert.Equal(Sum(), only.GetProperty("fetched").GetProperty("sha256").GetString());
        Assert.Equal(0, _shell.Run("weights", "show", "small.test"));
        Assert.Contains(Sum(), _shell.Output, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("weights", "small.test"));
        Assert.Contains("closest preset vit-nano", _shell.Output, StringComparison.Ordinal);
        Assert.Single(_server.Starts);
        Assert.Equal(0, _shell.Run("weights", "list", "--yaml"));
        Assert.Contains("\nweights:\n", _shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_take_names_and_fetch_what_is_not_here()
    {
        string run = Path.Combine(_shell.Folder, "tuned"), config = Path.Combine(run, "config.yaml");
        string[] short_ = ["--train-limit", "40", "--eval-limit", "20", "--batch-size", "16", "--epochs", "1",
            "--out", run];
        Assert.True(_shell.Run(["train", "--pretrained", "small.test", .. short_]) == 0, _shell.Error);
        Assert.Contains("weights   model.safetensors (timm): ", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("small.test: licence cc0-1.0; ", _shell.Error, StringComparison.Ordinal);
        string text = File.ReadAllText(config);
        Assert.Contains("model: vit-nano", text, StringComparison.Ordinal);
        Assert.Contains("weights: small.test", text, StringComparison.Ordinal);
        Assert.Contains("image-size: 8", text, StringComparison.Ordinal);
        Assert.Contains("mean: 0.25,0.25,0.25", text, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("train", "--resume", run, "--epochs", "2", "--quiet"));

        Assert.True(_shell.Run("eval", "small.test", "--dataset", "shapes", "--eval-limit", "10", "--json") == 0,
            _shell.Error);
        Assert.Equal(10, JsonDocument.Parse(_shell.Output).RootElement.GetProperty("images").GetInt32());
        string image = Path.Combine(_shell.Folder, "a.ppm");
        File.WriteAllText(image, "P3 2 2 255 0 0 0 9 9 9 50 50 50 200 200 200\n");
        Assert.True(_shell.Run("predict", "small.test", image, "--json") == 0, _shell.Error);
        Assert.True(_shell.Run(["finetune", "small.test", .. short_[..^1], run + "2"]) == 0, _shell.Error);
        Assert.Contains("weights   model.safetensors (timm): ", _shell.Output, StringComparison.Ordinal);
        Assert.True(_shell.Run(["finetune", .. short_[..^1], run + "3", "--pretrained"]) == 0, _shell.Error);
        Assert.Equal(2, _shell.Run("train", "--model", "vit-cifar", "--pretrained"));
        Assert.Contains("no published weights of 'vit-cifar'", _shell.Error, StringComparison.Ordinal);
        Assert.Single(_server.Starts);
    }

    [Fact]
    public void Studies_fetch_what_their_cells_start_from()
    {
        string study = Path.Combine(_shell.Folder, "study.yaml"), results = Path.Combine(_shell.Folder, "study");
        File.WriteAllText(study, """
            name: published
            base: { train-limit: 40, eval-limit: 20, batch-size: 16, epochs: 1, pretrained: small.test }
            vary: { lr: [1e-3, 1e-4] }
            seeds: [0]
            """);
        Assert.True(_shell.Run("compare", study, "--out", results, "--quiet") == 0, _shell.Error);
        Assert.Single(_server.Starts);
        Assert.Equal(2, Directory.GetFiles(results, "config.yaml", SearchOption.AllDirectories)
            .Count(file => File.ReadAllText(file).Contains("weights: small.test", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_goes_wrong_is_a_sentence()
    {
        Assert.Equal(2, _shell.Run("weights", "get", "smal.test"));
        Assert.Contains("did you mean 'small.test'?", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("train", "--pretrained", "smal.test"));
        Assert.Contains("did you mean 'small.test'?", _shell.Error, StringComparison.Ordinal);
        _server.Status = 404;
        Assert.Equal(1, _shell.Run("predict", "small.test", "x.png"));
        Assert.Contains("404", _shell.Error, StringComparison.Ordinal);
        Write("    login: true\n");
        Assert.Equal(2, _shell.Run("weights", "get", "small.test"));
        Assert.Contains("with a browser and put it at", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("finetune", "small.test"));
        Assert.Contains("with a browser and put it at", _shell.Error, StringComparison.Ordinal);
        Write("    sha256: nonsense\n");
        Assert.Equal(2, _shell.Run("weights", "list"));
        Assert.StartsWith($"fovea: {_list}, line 9: sha256: 'nonsense' is no SHA-256", _shell.Error,
            StringComparison.Ordinal);
        Write("    sha256: " + new string('0', 64) + "\n");
        _server.Status = 200;
        Assert.Equal(1, _shell.Run("weights", "get", "small.test"));
        Assert.Contains("nothing was deleted", _shell.Error, StringComparison.Ordinal);
    }

    private string Sum() => Convert.ToHexStringLower(SHA256.HashData(_server.Content));

    private void Write(string more) => File.WriteAllText(_list, $"""
        weights:
          - name: small.test
            preset: vit-nano
            address: {_server.Root.AbsoluteUri}model.safetensors
            licence: cc0-1.0
            image-size: 8
            mean: 0.25
            std: 0.5

        """ + more);
}
