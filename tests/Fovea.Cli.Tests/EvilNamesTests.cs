using System.Text.Json;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Cli.Tests;

/// <summary>Every command that prints names of classes, files or runs, with names that would steer a terminal, forge a
/// line, end an element or run as a formula.</summary>
public sealed class EvilNamesTests : IDisposable
{
    private const string Evil = "=<u>\"a'|&\n\x1b[2J\u202e";
    private const string Shown = "=<u>\"a'|&\\n\\x1b[2J\\u202e";
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void No_command_passes_them_to_the_terminal()
    {
        if (OperatingSystem.IsWindows()) return;   // no such file names there
        string data = Path.Combine(_shell.Folder, "data"), run = Path.Combine(_shell.Folder, "run" + Evil);
        foreach (string part in (string[])["train", "val", "test"])
            foreach (string name in (string[])[Evil, "plain"])
                for (int i = 0; i < 4; i++) Write(Path.Combine(data, part, name), $"{Evil}{i}.png", part, name, i);
        string image = Path.Combine(data, "test", Evil, $"{Evil}0.png");

        Says(["train", "--model", "vit-nano", "--image-size", "8", "--batch-size", "4", "--epochs", "1", "--data", data,
            "--out", run]);
        Assert.DoesNotContain("<u>", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        Says(["eval", run]);
        Says(["predict", run, image]);
        Says(["predict", run, image, "--csv"], isShown: false);
        Assert.All(_shell.Output.Split('\n').Skip(1), line => Assert.DoesNotMatch("^[=+@-]|,\"?[=+@-]", line));
        Says(["explain", run, image, "--out", Path.Combine(_shell.Folder, "explained")]);
        Says(["probe", run], isShown: false);
        Says(["data", "inspect", data]);
        Says(["runs", "list", _shell.Folder]);
        Says(["runs", "show", run]);
        Says(["runs", "diff", run, run], isShown: false);
        string labels = Path.Combine(_shell.Folder, "labels.csv");
        Says(["pseudo-label", run, "--data", Path.Combine(data, "test"), "--threshold", "0", "--out", labels],
            isShown: false);
        Assert.All(File.ReadAllText(labels).Split("\n\"").Skip(1), row => Assert.DoesNotMatch("^[=+@-]", row));
        Says(["eval", run + "x"], isShown: false, code: 2);
        Assert.Equal(0, _shell.Run("runs", "list", _shell.Folder, "--json"));
        Assert.Contains("run" + Evil, JsonDocument.Parse(_shell.Output).RootElement.GetProperty("runs")[0]
            .GetProperty("run").GetString(), StringComparison.Ordinal);
    }

    private void Says(string[] arguments, bool isShown = true, int code = 0)
    {
        Assert.True(_shell.Run(arguments) == code, $"{arguments[0]}: {_shell.Error}");
        string said = _shell.Output + _shell.Error;
        Assert.DoesNotContain(said, c => c is '\x1b' or '\u202e');
        if (isShown) Assert.True(said.Contains(Shown, StringComparison.Ordinal), $"{arguments[0]}: {said}");
    }

    private static void Write(string folder, string name, string part, string label, int number)
    {
        Directory.CreateDirectory(folder);
        byte[] pixels = new byte[3 * 8 * 8];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i * i + (label.Length * 7 + number * 13 + part.Length * part[0]) * i);
        File.WriteAllBytes(Path.Combine(folder, name), PngWriter.Encode(pixels, 8, 8, PngColor.Rgb));
    }
}
