using System.Text.Json;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Cli.Tests.Commands;

public sealed class DataCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    private string Images => Path.Combine(_shell.Folder, "images");

    [Fact]
    public void Inspect_counts_measures_and_draws()
    {
        WriteImages(bad: 2);
        string sheet = Path.Combine(_shell.Folder, "sheet.png");
        Assert.True(_shell.Run("data", "inspect", Images, "--out", sheet) == 0, _shell.Error);
        Assert.Contains("folder: 2 classes, colour", _shell.Output);
        Assert.Contains("bad1.jpg", _shell.Output);
        Assert.Matches(@"sheet\.png:\s+contact\s+sheet\s+of\s+3\d\s+training\s+images", _shell.Output);
        Assert.Equal(ImageFormat.Png, ImageFile.Identify(sheet).Format);

        Assert.Equal(0, _shell.Run("data", "inspect", Images, "--json"));
        JsonElement root = JsonDocument.Parse(_shell.Output).RootElement, parts = root.GetProperty("parts");
        Assert.Equal(42, parts.EnumerateArray().Sum(part => part.GetProperty("images").GetInt32()));
        Assert.Equal(2, parts.EnumerateArray().Sum(part => part.GetProperty("unreadable_count").GetInt32()));
        Assert.Equal(8, parts[0].GetProperty("widths").GetProperty("median").GetInt32());
    }

    [Fact]
    public void The_limit_of_pixels_is_an_option_that_the_message_names()
    {
        WriteImages(bad: 0);
        Assert.True(_shell.Run("data", "inspect", Images, "--max-pixels", "10") == 0, _shell.Error);
        Assert.Matches(@"limit\s+of\s+10;", _shell.Output);
        Assert.Contains("--max-pixels", _shell.Output);
        string run = Path.Combine(_shell.Folder, "run");
        Assert.Equal(1, _shell.Run("train", "--model", "vit-nano", "--data", Images, "--epochs", "1", "--image-size",
            "8", "--quiet", "--max-pixels", "10", "--out", run));
        Assert.Contains("--max-pixels", _shell.Error);
        Assert.Equal(2, _shell.Run("data", "inspect", Images, "--max-pixels", "600000000"));
    }

    [Fact]
    public void Inspect_takes_datasets_by_name_and_says_what_it_does_not_know()
    {
        Assert.True(_shell.Run("data", "inspect", "shapes", "--limit", "20", "--classes", "circle,square") == 0,
            _shell.Error);
        Assert.Contains("shapes: 2 classes", _shell.Output);
        Assert.Equal(2, _shell.Run("data", "inspect", "shape"));
        Assert.Contains("Did you mean 'shapes'?", _shell.Error);
        Directory.CreateDirectory(Images);
        Assert.Equal(2, _shell.Run("data", "inspect", Images));
        Assert.Contains("no dataset is recognised there", _shell.Error);
    }

    [Fact]
    public void Get_says_what_can_be_downloaded()
    {
        Assert.Equal(2, _shell.Run("data", "get", "imagenet"));
        Assert.Contains("These can: mnist, fashion-mnist, cifar10, cifar100", _shell.Error);
        Assert.Equal(2, _shell.Run("data", "get"));
        Assert.Contains("'fovea data get --help'", _shell.Error);
        Assert.Equal(0, _shell.Run("data"));
        Assert.Contains("inspect", _shell.Output);
    }

    [Fact]
    public void A_folder_is_trained_on_and_unreadable_images_end_it_or_are_skipped()
    {
        WriteImages(bad: 1);
        string[] train = ["train", "--model", "vit-nano", "--data", Images, "--batch-size", "8", "--epochs", "1",
            "--image-size", "8", "--quiet"];
        Assert.Equal(1, _shell.Run([.. train, "--out", Path.Combine(_shell.Folder, "one")]));
        Assert.Contains("bad0.jpg", _shell.Error);
        Assert.Contains("--skip-bad", _shell.Error);
        string run = Path.Combine(_shell.Folder, "two");
        Assert.True(_shell.Run([.. train, "--out", run, "--skip-bad"]) == 0, _shell.Error);
        JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json"))).RootElement;
        Assert.Equal("folder", summary.GetProperty("dataset").GetString());
        Assert.Equal(1, summary.GetProperty("skipped_images").GetInt32());
        Assert.True(_shell.Run("eval", run) == 0, _shell.Error);
    }

    public void Dispose() => _shell.Dispose();

    private void WriteImages(int bad)
    {
        for (int i = 0; i < 40; i++)
        {
            string folder = Directory.CreateDirectory(Path.Combine(Images, "ab"[i % 2].ToString())).FullName;
            byte[] pixels = new byte[8 * 8 * 3];
            pixels.AsSpan().Fill((byte)(i * 6));
            File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), PngWriter.Encode(pixels, 8, 8, PngColor.Rgb));
        }

        for (int i = 0; i < bad; i++)
            File.WriteAllBytes(Path.Combine(Images, "a", $"bad{i}.jpg"), [0xFF, 0xD8, 0xFF, (byte)i]);
    }
}
