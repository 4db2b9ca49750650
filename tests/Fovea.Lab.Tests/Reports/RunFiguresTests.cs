using System.Xml.Linq;
using Fovea.Core.Files;
using Fovea.Lab.Reports;

namespace Fovea.Lab.Tests.Reports;

public sealed class RunFiguresTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    [Fact]
    public void A_run_gets_its_report_and_figures_and_nothing_else()
    {
        RunFigures.Write(_directory, Samples.Run());
        string[] expected =
        [
            "figures/accuracy.png", "figures/accuracy.svg", "figures/confusion-matrix.png",
            "figures/confusion-matrix.svg",
            "figures/learning-rate.png", "figures/learning-rate.svg", "figures/loss.png", "figures/loss.svg",
            "figures/predictions.png",
            "report.html",
        ];
        Assert.Equal(expected, Files());
        foreach (string svg in expected.Where(name => name.EndsWith(".svg", StringComparison.Ordinal)))
            XDocument.Load(Path.Combine(_directory, svg));
    }

    [Fact]
    public void A_file_is_replaced()
    {
        string path = Path.Combine(Directory.CreateDirectory(_directory).FullName, "report.html");
        AtomicFile.WriteText(path, "the old and longer");
        AtomicFile.WriteText(path, "the new");
        Assert.Equal("the new", File.ReadAllText(path));
        Assert.Equal(["report.html"], Files());
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_no_other()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "report.html"));   // a folder cannot be replaced by a file
        Assert.ThrowsAny<Exception>(() => AtomicFile.WriteText(Path.Combine(_directory, "report.html"), "new"));
        Assert.Empty(Files());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string[] Files() => [.. Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(_directory, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}
