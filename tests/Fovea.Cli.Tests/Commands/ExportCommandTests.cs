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
    public void Weights_are_exported_under_other_names_and_read_again()
    {
        string run = In("vit"), folder = In("hf");
        Assert.True(_shell.Run("train", "--dataset", "shapes", "--model", "vit-cifar", "--image-size", "8", "--epochs",
            "1", "--train-limit", "32", "--eval-limit", "16", "--batch-size", "16", "--out", run, "--quiet") == 0,
            _shell.Error);
        Assert.True(_shell.Run("export", run, "--format", "safetensors", "--names", "huggingface", "--out", folder)
            == 0, _shell.Error);
        Assert.Contains("model.safetensors, config.json, preprocessor_config.json", _shell.Output,
            StringComparison.Ordinal);
        Assert.Contains("10 classes", _shell.Output, StringComparison.Ordinal);
        foreach ((string[] from, string to) in new (string[], string)[]
        {
            ([run], "timm"), ([folder, "--model", "vit-cifar", "--image-size", "8", "--dataset", "shapes"], "again"),
        })
            Assert.True(_shell.Run(["export", .. from, "--format", "safetensors", "--out", In(to)]) == 0,
                _shell.Error);
        foreach (string file in (string[])["model.safetensors", "config.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(In("timm"), file)),
                File.ReadAllBytes(Path.Combine(In("again"), file)));

        // from there to another library's names
        Assert.True(_shell.Run("export", folder, "--model", "vit-cifar", "--format", "safetensors", "--names",
            "torchvision", "--image-size", "8", "--precision", "fp16", "--out", In("tv"), "--json") == 0, _shell.Error);
        JsonElement summary = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal(10, summary.GetProperty("classes").GetInt32());
        Assert.Equal("model.safetensors", Assert.Single(summary.GetProperty("files").EnumerateArray()).GetString());
    }

    [Fact]
    public void Weights_that_cannot_be_exported_are_one_sentence()
    {
        string run = _shell.Train(), other = In("other");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "notes.txt"), "mine");
        File.WriteAllText(In("file"), "mine");
        string[] export = ["export", run, "--format", "safetensors"];
        foreach ((string[] more, string part) in new (string[], string)[]
        {
            (["--names", "huggingface"], "--names: pooling 'mean' cannot be written with the names of Hugging "
                + "Face's transformers. --names timm has all of it; --format onnx holds every model."),
            (["--names", "timn"], "--names: 'timn' is not one of timm, torchvision, huggingface"),
            (["--preprocess"], "--preprocess: is of the format onnx"),
            (["--opset", "18"], "--opset: is of the format onnx"),
            (["--image-size", "9"], "9"),
        })
        {
            Assert.Equal(2, _shell.Run([.. export, "--out", In("new"), .. more]));
            Assert.Contains(part, _shell.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(In("new")));
        }

        foreach (string taken in (string[])[other, In("file")])
        {
            Assert.Equal(2, _shell.Run([.. export, "--out", taken]));
            Assert.Contains("--out: ", _shell.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, _shell.Run("export", run, "--names", "timm", "--out", In("x.onnx")));
        Assert.Contains("--names: is of the format safetensors", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run([.. export, "--out", In("new")]));
        Assert.Equal(2, _shell.Run("export", In("new"), "--model", "vit-nano", "--format", "safetensors", "--out",
            In("new")));
        Assert.Contains("--out: ", _shell.Error, StringComparison.Ordinal);
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
