using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

/// <summary>The command; what it writes is tested where ONNX Runtime is (<c>Fovea.Export.Tests</c>).</summary>
public sealed class ExportCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_run_and_a_file_of_weights_are_exported()
    {
        string run = _shell.Train(), file = In("model.onnx"), weights = In("w.safetensors");
        Assert.True(_shell.Run("export", run, "--out", file) == 0, _shell.Error);
        Assert.Contains("55 tensors of the model", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("images [batch, 3, 8, 8] float32", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("logits [batch, 10] float32", _shell.Output, StringComparison.Ordinal);

        Assert.Equal(0, _shell.Run("export", run, "--out", In("bytes.onnx"), "--preprocess", "--json"));
        JsonElement summary = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal("images [batch, height, width, 3] uint8", summary.GetProperty("input").GetString());
        Assert.Equal(new FileInfo(In("bytes.onnx")).Length, summary.GetProperty("bytes").GetInt64());

        // the same weights by another way are the same file, but for the name of the dataset
        Assert.Equal(0, _shell.Run("weights", run, "--to", weights));
        Assert.Equal(0, _shell.Run("export", weights, "--model", "vit-nano", "--image-size", "8", "--dataset", "shapes",
            "--out", In("again.onnx")));
        Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(In("again.onnx")));
        Assert.Equal(0, _shell.Run("export", weights, "--model", "vit-nano", "--out", In("own.onnx")));
        Assert.Contains("logits [batch, 10] float32", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("\"crescent\"", File.ReadAllText(In("own.onnx")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_exported_is_one_sentence()
    {
        string run = _shell.Train();
        string[] export = ["export", run, "--out", In("x.onnx")];
        foreach ((string[] more, string part) in new (string[], string)[]
        {
            (["--opset", "16"], "--opset: '16' is not a whole number from 17 to 21"),
            (["--opset", "17", "--preprocess"], "--opset: resizing inside the graph needs operator set 18 or newer"),
            (["--image-size", "9"], "--image-size: this model does not take images of 9 pixels"),
            (["--interpolation", "box", "--preprocess"], "--interpolation: ONNX does not resize with the filter 'box'"),
            (["--precision", "int8"], "--precision: 'int8' is not one of fp32, fp1"),
        })
        {
            Assert.Equal(2, _shell.Run([.. export, .. more]));
            Assert.Contains(part, _shell.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(In("x.onnx")));
        }

        string weights = In("w.safetensors");
        Assert.Equal(0, _shell.Run("weights", run, "--to", weights));
        byte[] before = File.ReadAllBytes(weights);
        Assert.Equal(2, _shell.Run("export", weights, "--model", "vit-nano", "--out", weights));
        Assert.Contains("--out: ", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(weights));
        Assert.Equal(1, _shell.Run("export", run, "--out", In("missing/x.onnx")));
        Assert.Contains("could not be saved", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("export", In("nothing"), "--out", In("x.onnx")));
    }

    private string In(string name) => Path.Combine(_shell.Folder, name);
}
