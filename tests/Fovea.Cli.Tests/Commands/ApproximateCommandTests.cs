using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class ApproximateCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void More_features_come_nearer_to_the_softmax_model()
    {
        string run = _shell.Train();
        string figure = Path.Combine(_shell.Folder, "error.svg");
        Assert.Equal(0, _shell.Run("approximate", run, "--images", "8", "--features", "4,512", "--draws", "4",
            "--figure", figure, "--json"));

        JsonElement[] errors = [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("errors")
            .EnumerateArray()];
        Assert.Equal([4, 512], errors.Select(error => error.GetProperty("features").GetInt32()));
        Assert.True(errors[1].GetProperty("attention").GetDouble() < 0.5 * errors[0].GetProperty("attention")
            .GetDouble());
        Assert.StartsWith("<svg", File.ReadAllText(figure), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_mechanism_than_softmax_is_refused()
    {
        string run = _shell.Train("--attention", "linear");
        Assert.Equal(2, _shell.Run("approximate", run));
        Assert.Contains("only a model with softmax attention", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void People_get_a_table_and_wrong_options_a_sentence()
    {
        string run = _shell.Train();
        Assert.Equal(0, _shell.Run("approximate", run, "--images", "2", "--features", "8", "--draws", "1"));
        Assert.Contains("error of attention", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("approximate", run, "--features", "8,x"));
        Assert.Contains("--features: 'x' is not a whole number from 1 to ", _shell.Error,
            StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("approximate", run, "--figure", "error.jpg"));
    }

    [Fact]
    public void A_performer_goes_on_from_a_softmax_models_weights()
    {
        string run = _shell.Train();
        string next = Path.Combine(_shell.Folder, "next");
        Assert.Equal(0, _shell.Run(
            [.. Shell.TinyTraining, "--out", next, "--quiet", "--attention", "performer:64", "--weights", run, "--lr",
                "1e-9"]));

        // With next to no learning rate, what was learned before is still there.
        JsonElement softmax = Summary(run), performer = Summary(next);
        Assert.Equal(softmax.GetProperty("test_loss").GetDouble(), performer.GetProperty("test_loss").GetDouble(),
            0.05);

        JsonElement Summary(string path) =>
            JsonDocument.Parse(File.ReadAllText(Path.Combine(path, "summary.json"))).RootElement;
    }

    [Fact]
    public void Every_part_of_a_model_can_be_chosen()
    {
        string run = _shell.Train(
            "--embedding", "convolution", "--patch-size", "2", "--position", "none", "--weight-init", "truncatednormal",
            "--attention", "softmax:window=1,until=1,sinkhorn:3");
        string config = File.ReadAllText(Path.Combine(run, "config.yaml"));
        foreach (string line in (string[])["embedding: convolution", "patch-size: 2", "position: none",
            "weight-init: truncatednormal"])
            Assert.Contains(line, config, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("eval", run, "--eval-limit", "4", "--json"));

        string learned = Path.Combine(_shell.Folder, "learned");
        Assert.Equal(0, _shell.Run(
            [.. Shell.TinyTraining, "--out", learned, "--position", "learned", "--position-init", "0.5"]));
        Assert.Contains("position-init: 0.5", File.ReadAllText(Path.Combine(learned, "config.yaml")),
            StringComparison.Ordinal);

        Assert.Equal(2, _shell.Run(
            [.. Shell.TinyTraining, "--out", Path.Combine(_shell.Folder, "other"), "--embedding", "convolutional"]));
        Assert.Contains("did you mean 'convolution'", _shell.Error, StringComparison.Ordinal);
    }
}
