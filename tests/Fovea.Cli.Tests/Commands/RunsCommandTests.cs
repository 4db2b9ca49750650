using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class RunsCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Runs_are_listed_shown_and_compared()
    {
        string a = _shell.Train(), b = Path.Combine(_shell.Folder, "deep", "er", "b");
        string odd = Path.Combine(_shell.Folder, "odd");
        Assert.Equal(0, _shell.Run(
            [.. Shell.TinyTraining, "--attention", "linear", "--seed", "5", "--out", b, "--quiet"]));
        Directory.CreateDirectory(odd);
        File.WriteAllText(Path.Combine(odd, "config.yaml"), "telepathy: true\n");

        Assert.True(_shell.Run("runs", "list", _shell.Folder) == 0, _shell.Error);
        Assert.Contains("linear", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("newer version", _shell.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);

        Assert.Equal(0, _shell.Run("runs", "list", _shell.Folder, "--json"));
        using JsonDocument list = JsonDocument.Parse(_shell.Output);
        JsonElement[] runs = [.. list.RootElement.GetProperty("runs").EnumerateArray()];
        Assert.Equal([b, odd, a], runs.Select(run => run.GetProperty("run").GetString()));
        Assert.Equal(("linear", true, 2),
            (runs[0].GetProperty("attention").GetString(), runs[0].GetProperty("finished").GetBoolean(),
                runs[0].GetProperty("epochs_done").GetInt32()));
        Assert.Contains("telepathy", runs[1].GetProperty("problem").GetString(), StringComparison.Ordinal);

        Assert.Equal(0, _shell.Run("runs", "show", a));
        Assert.Contains("batch-size", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("test      accuracy", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("runs", "show", a, "--json"));
        using JsonDocument show = JsonDocument.Parse(_shell.Output);
        Assert.Equal("16", show.RootElement.GetProperty("recipe").GetProperty("batch-size").GetString());
        Assert.Equal(2, show.RootElement.GetProperty("epochs").GetArrayLength());

        Assert.Equal(0, _shell.Run("runs", "diff", a, b, "--json"));
        using JsonDocument diff = JsonDocument.Parse(_shell.Output);
        Assert.Equal(["attention", "seed"],
            diff.RootElement.GetProperty("options").EnumerateArray()
                .Select(one => one.GetProperty("name").GetString()));
        string?[] results = [.. diff.RootElement.GetProperty("results").EnumerateArray()
            .Select(one => one.GetProperty("name").GetString())];
        Assert.Contains("test_loss", results);
        Assert.DoesNotContain("seed", results);   // told among the options
        Assert.Equal(0, _shell.Run("runs", "diff", a, b));
        Assert.Contains("2 options and", _shell.Output, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\d\.\d{6}", _shell.Output);
    }

    [Theory]
    [InlineData("show", "is no run directory")]
    [InlineData("list", "there is no folder")]
    public void What_is_no_run_is_an_error(string command, string message)
    {
        Assert.Equal(2, _shell.Run("runs", command, Path.Combine(_shell.Folder, "nothing")));
        Assert.Contains(message, _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_a_newer_version_is_named_as_such()
    {
        string summary = Path.Combine(_shell.Train(), "summary.json");
        File.WriteAllText(summary,
            File.ReadAllText(summary).Replace("\"version\": \"", "\"version\": \"9", StringComparison.Ordinal));
        Assert.Equal(1, _shell.Run("runs", "show", Path.GetDirectoryName(summary)!));
        Assert.Contains("which is newer than this one", _shell.Error, StringComparison.Ordinal);
    }
}
