using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

/// <summary>The command; the comparison is tested beside the exporter.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_file_is_compared_with_its_run()
    {
        string run = _shell.Train(), file = Path.Combine(_shell.Folder, "model.onnx");
        Assert.Equal(0, _shell.Run("export", run, "--out", file));
        int code = _shell.Run("verify", file, "--against", run, "--eval-limit", "60");
        Assert.SkipWhen(_shell.Error.Contains("was not found on this machine", StringComparison.Ordinal),
            "ONNX Runtime is not on this machine.");
        Assert.True(code == 0, _shell.Error);
        Assert.Contains("60 images: they agree", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("another most probable class for 0, allowed for 0", _shell.Output, StringComparison.Ordinal);

        Assert.Equal(0, _shell.Run("verify", file, "--against", run, "--eval-limit", "60", "--json"));
        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement.GetProperty("result");
        Assert.Equal(60, result.GetProperty("images").GetInt32());
        Assert.Equal(0, result.GetProperty("different").GetInt32());
        Assert.True(result.GetProperty("agrees").GetBoolean());
        Assert.Equal(result.GetProperty("model").GetProperty("top1").GetDouble(),
            result.GetProperty("onnx").GetProperty("top1").GetDouble());

        Assert.Equal(1, _shell.Run("verify", file, "--against", run, "--eval-limit", "60", "--tolerance", "0"));
        Assert.Contains("they disagree", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("verify", file, "--against", run, "--mean", "0.5,0.5,0.5"));
        Assert.Contains("prepare images in other ways", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_one_sentence()
    {
        string run = _shell.Train();
        Assert.Equal(2, _shell.Run("verify", Path.Combine(_shell.Folder, "none.onnx"), "--against", run));
        Assert.Contains("is no file", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("verify", "x.onnx"));
        Assert.Contains("--against", _shell.Error, StringComparison.Ordinal);
    }
}
