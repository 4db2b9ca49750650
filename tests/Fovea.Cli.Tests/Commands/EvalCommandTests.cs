using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class EvalCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_folder_is_never_passed_over_for_images_that_the_training_drew()
    {
        string run = _shell.Train(), empty = Path.Combine(_shell.Folder, "empty");
        Directory.CreateDirectory(empty);
        string missing = Path.Combine(_shell.Folder, "missing");
        foreach ((string folder, string sentence) in ((string, string)[])
            [(empty, "say which dataset lies in"), (missing, "there is no folder or file")])
            foreach (string command in (string[])["eval", "probe"])
            {
                Assert.Equal(2, _shell.Run(command, run, "--data", folder));
                Assert.Contains($"{sentence} '{folder}'", _shell.Error, StringComparison.Ordinal);
            }
    }

    [Fact]
    public void Evaluation_of_a_run_agrees_with_its_summary()
    {
        string run = _shell.Train();
        Assert.Equal(0, _shell.Run("eval", run, "--eval-limit", "20", "--json"));

        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        Assert.Equal(summary.GetProperty("test_accuracy").GetDouble(), result.GetProperty("top1").GetDouble());
        Assert.Equal(summary.GetProperty("test_loss").GetDouble(), result.GetProperty("loss").GetDouble());
        Assert.Equal(20, result.GetProperty("classes").EnumerateArray().Sum(entry =>
            entry.GetProperty("images").GetInt32()));
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("int8")]
    public void Fewer_bits_change_the_loss_a_little(string precision)
    {
        string run = _shell.Train();
        Assert.Equal(0, _shell.Run("eval", run, "--eval-limit", "20", "--precision", precision, "--json"));

        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        double loss = result.GetProperty("loss").GetDouble(), exact = summary.GetProperty("test_loss").GetDouble();
        Assert.NotEqual(exact, loss);
        Assert.Equal(exact, loss, 0.03);
    }

    [Fact]
    public void Training_takes_bf16_and_says_that_int8_is_not_for_it()
    {
        string run = _shell.Train("--precision", "bf16");
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        Assert.True(double.IsFinite(summary.GetProperty("test_loss").GetDouble()));
        Assert.Equal(0, _shell.Run("eval", run, "--eval-limit", "20", "--precision", "bf16", "--json"));
        Assert.Equal(summary.GetProperty("test_loss").GetDouble(),
            JsonDocument.Parse(_shell.Output).RootElement.GetProperty("loss").GetDouble());

        Assert.Equal(2, _shell.Run("train", "--dataset", "shapes", "--model", "vit-nano", "--precision", "int8"));
        Assert.Contains("int8 is for inference", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flip_at_test_time_changes_the_scores_and_nothing_else()
    {
        string run = _shell.Train();
        Assert.Equal(0, _shell.Run("eval", run, "--eval-limit", "20", "--tta", "flip", "--json"));

        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        Assert.NotEqual(summary.GetProperty("test_loss").GetDouble(), result.GetProperty("loss").GetDouble());
        Assert.Equal(20, result.GetProperty("images").GetInt32());
    }

    [Fact]
    public void People_get_a_table()
    {
        string run = _shell.Train();
        Assert.Equal(0, _shell.Run("eval", run, "--eval-limit", "20", "--split", "val"));
        Assert.Contains("shapes, val, 20 images: top-1 ", _shell.Output, StringComparison.Ordinal);
    }
}
