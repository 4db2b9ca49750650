namespace Fovea.Cli.Tests.Commands;

/// <summary>Runs that go on although something around them has changed.</summary>
public sealed class ResumeTests : IDisposable
{
    private const string Composed = "k\u00e4fer", Decomposed = "ka\u0308fer";
    private readonly Shell _shell = new();
    private readonly string _data;

    public ResumeTests()
    {
        _data = Path.Combine(_shell.Folder, "data");
        byte[] header = "P6\n8 8\n255\n"u8.ToArray();
        foreach (string name in (string[])[Composed, "wal"])
        {
            Directory.CreateDirectory(Path.Combine(_data, name));
            for (int i = 0; i < 12; i++)
            {
                byte[] pixels = new byte[8 * 8 * 3];
                new Random(i + (100 * name.Length)).NextBytes(pixels);
                File.WriteAllBytes(Path.Combine(_data, name, $"{i}.ppm"), [.. header, .. pixels]);
            }
        }
    }

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Images_that_are_gone_are_said_and_need_an_option()
    {
        string run = Train();
        for (int i = 0; i < 5; i++) File.Delete(Path.Combine(_data, "wal", $"{i}.ppm"));

        Assert.Equal(2, _shell.Run("train", "--resume", run, "--epochs", "3", "--quiet"));
        Assert.Matches(
            "the dataset 'folder' has changed since this run's checkpoint: there are \\d+ training images, and "
            + "there were \\d+", _shell.Error);
        Assert.Contains("--changed-data", _shell.Error, StringComparison.Ordinal);

        Assert.True(_shell.Run("train", "--resume", run, "--epochs", "3", "--changed-data") == 0, _shell.Error);
        Assert.Contains("has changed since", _shell.Output + _shell.Error, StringComparison.Ordinal);
        Assert.True(_shell.Run("train", "--resume", run, "--epochs", "4") == 0, _shell.Error);
    }

    [Fact]
    public void An_image_in_place_of_another_is_said()
    {
        string run = Train();
        for (int i = 0; i < 12; i++)
            File.Move(Path.Combine(_data, "wal", $"{i}.ppm"), Path.Combine(_data, "wal", $"other-{i}.ppm"));

        Assert.Equal(2, _shell.Run("train", "--resume", run, "--epochs", "3", "--quiet"));
        Assert.Contains("as many as before, but with other names or classes", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_epochs_than_were_done_are_said()
    {
        string run = Train();
        Assert.True(_shell.Run("train", "--resume", run, "--epochs", "1") == 0, _shell.Error);
        Assert.Contains("the run has done 2 epochs, more than the 1 that are asked for", _shell.Output + _shell.Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--warmup-epochs=5", "the warm-up of 5 epochs is longer than the run of 2")]
    [InlineData("--schedule=multi-step:at=1/2", "the rate was to drop at epoch 2, but the run ends with epoch 2")]
    [InlineData("--schedule=multi-step:at=1,warmup=1", "the rate drops at epoch 1 of the run, in the warm-up of 1")]
    [InlineData("--schedule=step", "the rate was to drop at epoch 30, but the run ends with epoch 2")]
    [InlineData("--min-lr=1", "the smallest rate of 1 is above the largest of")]
    public void A_schedule_that_cannot_be_meant_is_said(string option, string expected)
    {
        Assert.True(_shell.Run([.. Shell.TinyTraining, "--out", Path.Combine(_shell.Folder, "odd"), option]) == 0,
            _shell.Error);
        Assert.Contains(expected, _shell.Output + _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_is_found_however_its_letters_are_composed()
    {
        string run = Train(), image = Path.Combine(_data, "wal", "1.ppm");
        Assert.True(_shell.Run("explain", run, image, "--class", Decomposed, "--out", Path.Combine(_shell.Folder, "e"))
            == 0, _shell.Error);
        Assert.Equal(2, _shell.Run("explain", run, image, "--class", "kafer"));
        Assert.True(_shell.Run("data", "inspect", _data, "--classes", $"{Decomposed},wal") == 0, _shell.Error);
    }

    private string Train()
    {
        string run = Path.Combine(_shell.Folder, "run");
        Assert.True(_shell.Run("train", "--data", _data, "--model", "vit-nano", "--image-size", "8", "--batch-size",
            "8",
            "--epochs", "2", "--out", run, "--quiet") == 0, _shell.Error);
        return run;
    }
}
