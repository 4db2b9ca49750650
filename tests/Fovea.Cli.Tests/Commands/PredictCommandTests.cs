using System.Text;
using System.Text.Json;
using Fovea.Data;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Cli.Tests.Commands;

public sealed class PredictCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Images_of_the_dataset_and_from_files_get_probabilities()
    {
        string run = _shell.Train(), file = Path.Combine(_shell.Folder, "red.ppm");
        Assert.Equal(0, _shell.Run("predict", run, "--index", "3,0", "--top", "10", "--json"));
        JsonElement[] predictions = [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("predictions")
            .EnumerateArray()];
        Assert.Equal(["3", "0"], predictions.Select(entry => entry.GetProperty("image").GetString()));
        Assert.All(predictions,
            entry => Assert.Equal(1,
                entry.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("probability").GetDouble()),
                1e-9));

        File.WriteAllBytes(file, [.. Encoding.ASCII.GetBytes("P6 # red\n2 1\n255\n"), 255, 0, 0, 255, 0, 0]);
        Assert.Equal(0, _shell.Run("predict", run, file));
        Assert.Contains("red.ppm", _shell.Output, StringComparison.Ordinal);

        File.WriteAllText(file, "P6\n2 1\n255\n");
        Assert.Equal(1, _shell.Run("predict", run, file));
        Assert.Equal(
            $"fovea: {file}: is cut off: the image takes 6 bytes at offset 11, but the file has 0 "
                + $"more.{Environment.NewLine}", _shell.Error);

        file = Path.Combine(_shell.Folder, "red.jpeg");
        File.WriteAllBytes(file, JpegWriter.Encode(new RawImage(3, 40, 50)));
        Assert.Equal(0, _shell.Run("predict", run, file));
        Assert.Contains("red.jpeg", _shell.Output, StringComparison.Ordinal);

        Assert.Equal(2, _shell.Run("predict", run, "--index", "2000"));
        Assert.Contains("--index: there is no image 2000; 'shapes' has", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderIsPredictedInNaturalOrderAndOneBadFileCostsThatFileOnly()
    {
        string run = _shell.Train(), folder = Path.Combine(_shell.Folder, "photos");
        foreach (string name in (string[])["10.ppm", "2.ppm", "b/=1.ppm", "b/.hidden.ppm"]) Write(folder, name);
        File.WriteAllText(Path.Combine(folder, "3.png"), "no image");
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "no image either");
        if (!OperatingSystem.IsWindows())
            File.CreateSymbolicLink(Path.Combine(folder, "4.png"), Path.Combine(folder, "gone.png"));
        string[] expected = [.. ((string[])["2.ppm", "3.png", "4.png", "10.ppm", "b/=1.ppm"])
            .Where(name => name != "4.png" || !OperatingSystem.IsWindows()).Select(name => Path.Combine(folder, name))];

        Assert.Equal(1, _shell.Run("predict", run, folder, "--json"));
        using JsonDocument json = JsonDocument.Parse(_shell.Output);
        JsonElement[] predictions = [.. json.RootElement.GetProperty("predictions").EnumerateArray()];
        Assert.Equal(expected, predictions.Select(one => one.GetProperty("image").GetString()));
        Assert.Equal(3, predictions.Count(one => one.GetProperty("classes").GetArrayLength() == 3));
        Assert.Contains("3.png", predictions[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(10, json.RootElement.GetProperty("class_names").GetArrayLength());
        Assert.Equal(expected.Length - 3, _shell.Error.Split("fovea: ").Length - 1);

        Assert.Equal(1, _shell.Run("predict", run, folder, "--csv", "--top", "2"));
        string[] rows = _shell.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("image,truth,class,probability,class_2,probability_2,error", rows[0]);
        Assert.Equal(expected.Length + 1, rows.Length);

        File.Delete(Path.Combine(folder, "3.png"));
        File.Delete(Path.Combine(folder, "4.png"));
        Assert.Equal(0, _shell.Run("predict", run, folder));
        Assert.Equal(3, _shell.Output.Split('\n').Count(line => line.Contains(".ppm", StringComparison.Ordinal)));

        Assert.Equal(1, _shell.Run("predict", run, Directory.CreateDirectory(Path.Combine(folder, "none")).FullName));
        Assert.Contains("holds no images", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("explain", run, Path.Combine(folder, "b"), "--out", _shell.Folder));
    }

    [Theory]
    [InlineData("--split", "val")]
    [InlineData("--data", "x")]
    [InlineData("--dataset", "shapes")]
    [InlineData("--labels", "x.csv")]
    [InlineData("--known-classes")]
    public void Options_that_choose_among_a_datasets_images_are_refused_beside_files(params string[] option)
    {
        string run = _shell.Train(), file = Path.Combine(_shell.Folder, "red.ppm");
        File.WriteAllBytes(file, Ppm());
        foreach (string[] command in (string[][])[["predict"], ["explain"], ["explain", "lens"]])
        {
            Assert.Equal(2, _shell.Run([.. command, run, file, .. option]));
            Assert.Contains($"{option[0]}: chooses among the images of a dataset", _shell.Error,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("-")]
    [InlineData("/dev/stdin")]
    public void StandardInputIsRead(string name)
    {
        string run = _shell.Train();
        _shell.Input = Ppm();
        Assert.True(_shell.Run("predict", run, name, "--json") == 0, _shell.Error);
        _shell.Input = [];
        Assert.Equal(1, _shell.Run("predict", run, name));
        Assert.Contains("standard input: is empty", _shell.Error, StringComparison.Ordinal);
    }

    private static byte[] Ppm() => [.. Encoding.ASCII.GetBytes("P6 2 1 255\n"), 255, 0, 0, 255, 0, 0];

    private static void Write(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Ppm());
    }
}
