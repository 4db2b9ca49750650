using System.Globalization;
using System.Text.Json;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Cli.Tests.Commands;

/// <summary>Images with several classes each: train, evaluate, predict.</summary>
public sealed class MultiLabelTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    /// <summary>Red, green and blue are there or not, each by itself: a model that learns tells all of them.</summary>
    [Fact]
    public void A_model_learns_which_colours_an_image_has()
    {
        string list = Colours(240), run = Train(list, 12);
        using JsonDocument summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json")));
        double map = summary.RootElement.GetProperty("test_map").GetDouble();
        Assert.InRange(map, 0.9, 1);
        Assert.True(summary.RootElement.GetProperty("best_val_map").GetDouble() > 0.9);
        Assert.False(File.Exists(Path.Combine(run, "predictions.csv")));
        Assert.False(File.Exists(Path.Combine(run, "figures", "confusion-matrix.png")));

        Assert.True(_shell.Run("eval", run, "--json") == 0, _shell.Error);
        using JsonDocument evaluation = JsonDocument.Parse(_shell.Output);
        Assert.Equal(map, evaluation.RootElement.GetProperty("map").GetDouble(), 1e-9);
        Assert.Equal(["blue", "green", "never", "red"], evaluation.RootElement.GetProperty("classes").EnumerateArray()
            .Select(one => one.GetProperty("name").GetString()!));
        Assert.True(_shell.Run("eval", run) == 0, _shell.Error);
        Assert.Contains("left out of the mAP, because no image has them: 'never'",
            _shell.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);

        string magenta = Image("magenta", 255, 0, 255), black = Image("black", 0, 0, 0);
        Assert.True(_shell.Run("predict", run, magenta, black, "--csv") == 0, _shell.Error);
        string[] rows = _shell.Output.Split('\n');
        Assert.Contains("red", rows[1], StringComparison.Ordinal);
        Assert.Contains("blue", rows[1], StringComparison.Ordinal);
        Assert.DoesNotContain("green", rows[1], StringComparison.Ordinal);
        Assert.True(_shell.Run("predict", run, magenta, "--threshold", "0", "--json") == 0, _shell.Error);
        using JsonDocument all = JsonDocument.Parse(_shell.Output);
        Assert.Equal(4, all.RootElement.GetProperty("predictions")[0].GetProperty("classes").GetArrayLength());
        Assert.True(_shell.Run("predict", run, "--index", "0") == 0, _shell.Error);

        Assert.True(_shell.Run("eval", run, "--labels", list, "--split", "val") == 0, _shell.Error);
        Assert.Equal(0, _shell.Run("train", "--resume", run, "--epochs", "13", "--quiet"));
    }

    [Fact]
    public void What_is_made_for_one_class_each_is_refused()
    {
        string list = Colours(40);
        foreach ((string[] options, string field) in new (string[], string)[]
            { (["--mixup", "0.2"], "--mixup"), (["--cutmix", "1"], "--cutmix"), (["--dataset", "folder"], "--labels"),
                (["--classes", "2"], "--classes") })
        {
            Assert.Equal(2, _shell.Run([.. Options(list, 1), .. options]));
            Assert.Contains(field, _shell.Error, StringComparison.Ordinal);
        }

        string run = Train(list, 1), one = Path.Combine(_shell.Folder, "one");
        Assert.True(_shell.Run([.. Shell.TinyTraining, "--out", one, "--quiet"]) == 0, _shell.Error);
        Refused("--top: ", "predict", run, "--index", "0", "--top", "1");
        Refused("was trained on images of one class each", "eval", one, "--labels", list);
        Refused("gives an image one class", "predict", one, "--index", "0", "--threshold", "0.5");
        Refused("these have several", "explain", "lens", run);
        Refused("these have several", "explain", "ablate", run);
        Refused("a probe takes images of one class each", "probe", run);
        Assert.True(_shell.Run("explain", "similarity", run, "--out", Path.Combine(_shell.Folder, "x")) == 0,
            _shell.Error);
    }

    private void Refused(string sentence, params string[] arguments)
    {
        Assert.Equal(2, _shell.Run(arguments));
        Assert.Contains(sentence, _shell.Error, StringComparison.Ordinal);
    }

    private string Train(string list, int epochs)
    {
        Assert.True(_shell.Run(Options(list, epochs)) == 0, _shell.Error);
        return Path.Combine(_shell.Folder, "several");
    }

    private string[] Options(string list, int epochs) =>
        ["train", "--labels", list, "--model", "vit-nano", "--image-size", "8", "--augment", "none", "--batch-size",
            "16",
            "--epochs", $"{epochs}", "--lr", "3e-3", "--label-smoothing", "0.02", "--bce-pos-weight", "1.5", "--quiet",
            "--out", Path.Combine(_shell.Folder, "several")];

    private string Colours(int count)
    {
        List<string> rows = ["file_name,labels,split"];
        for (int i = 0; i < count; i++)
        {
            // a shade of its own for each image: copies would be left out
            byte Of(int bit) => (byte)((i >> bit & 1) == 1 ? 255 - i / 8 : i / 8);
            string file = Path.GetFileName(Image($"{i}", Of(0), Of(1), Of(2)));
            string[] has = [.. new[] { "red", "green", "blue" }.Where((_, bit) => (i >> bit & 1) == 1),
                .. i == 0 ? (string[])["never"] : []];
            string part = i % 5 == 1 ? "test" : i % 5 == 2 ? "val" : "train";
            rows.Add($"{file},{string.Join('|', has)},{part}");
        }

        string list = Path.Combine(_shell.Folder, "images", "list.csv");
        File.WriteAllLines(list, rows);
        return list;
    }

    private string Image(string name, byte red, byte green, byte blue)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_shell.Folder, "images")).FullName;
        string file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.png"));
        byte[] colour = [red, green, blue];
        File.WriteAllBytes(file, PngWriter.Encode([.. Enumerable.Range(0, 3 * 64).Select(i => colour[i % 3])], 8, 8,
            PngColor.Rgb));
        return file;
    }
}
