using Fovea.Cli.Commands;
using Fovea.Cli.Display;
using Spectre.Console;

namespace Fovea.Cli.Tests.Display;

public sealed class TablesTests
{
    private static readonly string[] Attentions = ["softmax", "linear", "performer:features=128"];

    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(120)]
    public void NoLineIsWiderThanTheTerminalAndNothingIsSplit(int width)
    {
        string text = Render(Runs(), width);

        Assert.All(text.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
        foreach (string attention in Attentions)
        {
            Assert.Contains(attention, text);
            Assert.Contains($"runs/vit-{attention.Length}", text);
        }
    }

    [Fact]
    public void WhatIsLeftOutIsSaid()
    {
        string text = Render(Runs(), 60);

        Assert.Contains("in every row: dataset cifar10", text);
        Assert.Contains("left out at this width: ", text);
        Assert.DoesNotContain("left out", Render(Runs(), 200));
    }

    [Fact]
    public void ARunWithTheUsualNameTellsItsTestAccuracyIn80Columns()
    {
        Tables table = Tables.Create(RunsListCommand.Headings);
        table.AddRow(Cell.Name("runs/20261129-112629-vit-nano-shapes"), "vit-nano", "softmax", "shapes", "7/7",
            "97.6 %", "97.5 %", "1:24", "2026-11-29 11:27");

        Assert.Contains("97.5 %", Render(table, 80));
    }

    [Fact]
    public void NothingIsLeftOutOfAFile()
    {
        using StringWriter output = new(), error = new();
        new Terminal(output, error, IsInteractive: false).Console.Write(Runs());

        Assert.DoesNotContain("left out", output.ToString());
        Assert.Contains("2026-11-29", output.ToString());
    }

    [Fact]
    public void EscapesInNamesAreWrittenOut()
    {
        Tables table = Tables.Create("tensor", "!shape");
        table.AddRow(Cell.Name("a\x1b[2Jb\r\nc"), "3 x 4");
        using StringWriter output = new(), error = new();
        Terminal terminal = new(output, error, IsInteractive: false);
        terminal.Console.Write(table);
        terminal.Console.WriteLine("left aside: \x1b]0;title\a");
        terminal.Error.WriteLine("no \x1b[31m'file'");

        Assert.Contains("a\\x1b[2Jb\\r\\nc", output.ToString());
        Assert.Contains("\\x1b]0;title\\x07", output.ToString());
        Assert.DoesNotContain('\x1b', output.ToString() + error);
    }

    [Theory]
    [InlineData(0, "····")]
    [InlineData(1, "━···")]
    [InlineData(4, "━━━━")]
    [InlineData(9, "━━━━")]
    public void ABarShowsItsShareWithoutColour(int full, string expected) =>
        Assert.Equal(expected, Markup.Remove(Bars.Of(full, 4)));

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void APathIsBrokenBehindASeparator(int width)
    {
        Tables table = Tables.Create("device", ">memory", "version", "~notes");
        table.AddRow(Cell.Name("torch"), "23.54 GiB", "PyTorch 2.10.0",
            "2 threads, /root/.nuget/packages/libtorch-cpu-linux-x64/2.10.0/runtimes/linux-x64/native");

        string text = Render(table, width);

        Assert.All(text.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
        foreach (string part in (string[])["─", "23.54 GiB", "2 threads,", "packages/", "libtorch-cpu-linux-x64/",
            "runtimes/", "linux-x64/", "native"])
            Assert.Contains(part, text);
    }

    [Fact]
    public void TwoColumnsThatDoNotFitAreLinesOfNameAndValue()
    {
        Tables table = Tables.Create("option", "~value");
        table.AddRow(Cell.Name("hflip"), "0.5");
        table.AddRow(Cell.Name("out"), "runs/a-rather-long-name-of-a-run");

        Assert.Equal(["hflip  0.5", "out", "  runs/", "    a-rather-long-name-of-a-run"],
            Render(table, 31).ReplaceLineEndings("\n").TrimEnd().Split('\n').Select(line => line.TrimEnd()));
    }

    [Fact]
    public void HeadingsOfNumbersStandAboveTheirLastDigit()
    {
        Tables table = Tables.Create("epoch", ">loss");
        table.AddRow(Cell.Name("1"), "0.12345");
        string[] lines = [.. Render(table, 40).ReplaceLineEndings("\n").Split('\n')
            .Select(line => line.TrimEnd()).Where(line => line.Length > 0)];
        Assert.Equal(lines[0].Length, lines[^1].Length);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    public void ALineWithABarIsAsWideAsTheTerminalAtMost(int width)
    {
        string line = Markup.Remove(Bars.Line("  ", 0.5, "  2/4 cells  16.3 s  about [bold]16.3 s[/] left", width));
        Assert.InRange(line.Length, 50, width);
        Assert.Equal(line.Count(c => c == '━'), line.Count(c => c == '·'), 1d);
    }

    private static Tables Runs()
    {
        Tables table = Tables.Create(RunsListCommand.Headings);
        for (int i = 0; i < Attentions.Length; i++)
            table.AddRow(Cell.Name($"runs/vit-{Attentions[i].Length}"), i == 0 ? "vit" : "vit_small_patch16_224",
                Attentions[i], "cifar10", $"{i}/40", $"8{i}.1 %", $"7{i}.9 %", $"1:0{i}:03", $"2026-11-29 0{i}:00");
        return table;
    }

    private static string Render(Tables table, int width)
    {
        using StringWriter output = new(), error = new();
        IAnsiConsole console = new Terminal(output, error, IsInteractive: false).Console;
        console.Profile.Width = width;
        console.Write(table);
        return output.ToString();
    }
}
