using System.Text.RegularExpressions;
using System.Xml.Linq;
using Fovea.Data.Codecs.Writing;

namespace Fovea.Cli.Tests.Commands;

public sealed class ExplainCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    private string Out => Path.Combine(_shell.Folder, "out");

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Images_become_figures_and_one_page_that_asks_for_nothing()
    {
        string run = _shell.Train("--attention", "sinkhorn:3,deformable,softmax:window=1,until=2,linear");
        string file = Path.Combine(_shell.Folder, "red & blue.png");
        File.WriteAllBytes(file,
            PngWriter.Encode([.. Enumerable.Range(0, 3 * 20 * 12).Select(i => (byte)i)], 20, 12, PngColor.Rgb));
        Assert.True(_shell.Run("explain", run, "--index", "3,0", "--class", "star", "--out", Out) == 0, _shell.Error);
        Assert.Contains("explained is star", _shell.Output, StringComparison.Ordinal);

        string[] names = [.. Directory.GetFiles(Out).Select(path => Path.GetFileName(path)!)
            .Order(StringComparer.Ordinal)];
        string[] own = ["heads", "maps", "overview", "places", "sums"];
        Assert.Equal([.. own.Select(name => $"0-{name}.png"), .. own.Select(name => $"3-{name}.png"), "explain.html",
            "model-filters.png", "model-positions.png",
            "model-window-of-a-patch.png", "model-windows.png"], names);
        string page = File.ReadAllText(Path.Combine(Out, "explain.html"));
        XDocument html = XDocument.Parse(page.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal));
        Assert.DoesNotMatch(new Regex("(src|href)=\"(?!data:)", RegexOptions.IgnoreCase), page);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        // each figure is there for wide and for narrow pages
        Assert.Equal(2 * (2 * own.Length + 4),
            html.Descendants().Count(element => element.Name.LocalName == "svg"
                && element.Attribute("role") is not null));

        Assert.True(_shell.Run("explain", run, file, file, "--out", Out) == 0, _shell.Error);
        Assert.True(File.Exists(Path.Combine(Out, "red---blue-overview.png"))
            && File.Exists(Path.Combine(Out, "red---blue-2-overview.png")));
        Assert.Contains("red &amp; blue.png", File.ReadAllText(Path.Combine(Out, "explain.html")),
            StringComparison.Ordinal);
    }

    /// <summary>Tokens before the patches go by their names: this model has no class token.</summary>
    [Fact]
    public void Registers_are_called_registers()
    {
        string run = _shell.Train("--registers", "2", "--attention", "deformable");
        Assert.True(_shell.Run("explain", run, "--index", "0", "--out", Out) == 0, _shell.Error);
        string page = File.ReadAllText(Path.Combine(Out, "explain.html"));
        Assert.DoesNotContain("class token", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("block 1: register 1", page, StringComparison.Ordinal);

        Assert.True(_shell.Run("explain", "patch", run, "--index", "0,1", "--class", "0", "--other-class", "1", "--out",
            Out) == 0, _shell.Error);
        Assert.DoesNotContain("class token", _shell.Output, StringComparison.OrdinalIgnoreCase);
        string figure = File.ReadAllText(Path.Combine(Out, "patch-tokens.svg"));
        Assert.Contains("register 2", figure, StringComparison.Ordinal);
        Assert.DoesNotContain("class token", figure, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_residual_network_is_explained_without_attention()
    {
        Assert.True(_shell.Run("train", "--model", "resnet18-cifar", "--image-size", "16", "--train-limit", "20",
            "--eval-limit", "10", "--batch-size", "10", "--epochs", "1",
            "--out", Path.Combine(_shell.Folder, "net"), "--quiet") == 0, _shell.Error);
        Assert.True(_shell.Run("explain", Path.Combine(_shell.Folder, "net"), "--index", "1", "--out", Out) == 0,
            _shell.Error);

        Assert.Equal(["1-overview.png", "explain.html", "model-filters.png"],
            Directory.GetFiles(Out).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.Contains("a residual network has no attention: Grad-CAM",
            File.ReadAllText(Path.Combine(Out, "explain.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_explained_is_named_and_nothing_is_written()
    {
        string run = _shell.Train(), file = Path.Combine(_shell.Folder, "cut.png");
        byte[] whole = PngWriter.Encode(new byte[3 * 20 * 12], 20, 12, PngColor.Rgb);
        File.WriteAllBytes(file, whole[..^30]);

        Assert.Equal(1, _shell.Run("explain", run, file, "--out", Out));
        Assert.StartsWith($"fovea: {file}: ", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(1, _shell.Run("explain", run, Path.Combine(_shell.Folder, "none.png"), "--out", Out));
        Assert.Contains("none.png", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("explain", run, "--index", "0", "--class", "stra", "--out", Out));
        Assert.StartsWith("fovea: --class: there is no class called 'stra'; did you mean 'star'?", _shell.Error,
            StringComparison.Ordinal);
        Assert.Equal(2, _shell.Run("explain", run, "--out", Out));
        Assert.Equal(
            "fovea: explain: name image files or a folder (- is standard input), or numbers of the dataset's images "
                + $"with --index.{Environment.NewLine}",
            _shell.Error);
        Assert.Equal(2, _shell.Run("explain", run, "--index", "2000", "--out", Out));
        Assert.Equal(2, _shell.Run("explain", run, file, "--index", "1", "--out", Out));
        Assert.Single(_shell.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.False(Directory.Exists(Out));
    }
}
