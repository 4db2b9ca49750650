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
}
