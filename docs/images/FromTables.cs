#!/usr/bin/env dotnet
#:project ../../src/Fovea.Plotting/Fovea.Plotting.csproj
#:property PublishAot=false

// Charts of what tables of the documentation say, so that an image and its table never differ.
//
// usage: dotnet run docs/images/FromTables.cs -- FOLDER        (from the root of the repository)

using System.Globalization;
using System.Text.RegularExpressions;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;

string folder = args[0];
Directory.CreateDirectory(folder);

// Milliseconds of a step, "0.246, 0.0648" (milliseconds, MiB) by number of tokens.
string[][] costs = Table("docs/attention.md", "mechanism", "64");
double[] tokens = [.. costs[0][1..^1].Select(Number)];
Save("attention-time", new LineChart
{
    Title = "Time of a training step of one attention layer",
    Size = (860, 560),
    XLabel = "tokens",
    YLabel = "milliseconds",
    XScale = AxisScale.Logarithmic,
    XTicks = tokens,
    YScale = AxisScale.Logarithmic,
    Series = [.. costs[1..].Select(row => new Series(row[0], tokens,
        [.. row[1..^1].Select(cell => cell == "-" ? double.NaN : Number(cell.Split(',')[0]))]))],
});

// Validation accuracy, "27.6, 29.4, ..." in % by epoch.
string[][] accuracies = Table("docs/results.md", "configuration", "attention");
Save("mechanisms", new LineChart
{
    Title = "Validation accuracy by epoch",
    Size = (720, 400),
    XLabel = "epoch",
    XSpan = (0, 0),
    YFormat = ValueFormat.Percent,
    Series = [.. accuracies[1..].Select(row => Curve(row[0], [.. row[3].Split(',').Select(Number)]))],
});

// Accuracy while training and on held-out images, "45.9 %", by epoch.
SaveEpochs("vit-cifar10", "CIFAR-10, vit: accuracy by epoch", "CIFAR-10 in full, `vit`");
SaveEpochs("visual-attention-cifar100", "CIFAR-100, visual-attention: accuracy by epoch",
    "CIFAR-100 in full, `visual-attention`");

// Test accuracy, "41.2 %", by share of the training images.
string[][] shares = Table("docs/results.md", "beginning", "model");
double[] percent = [.. shares[0][2..].Select(Percent)];
Save("scaling", new LineChart
{
    Title = "CIFAR-10: test accuracy by share of the training images",
    Size = (760, 420),
    XLabel = "training images",
    XScale = AxisScale.Logarithmic,
    XTicks = percent,
    XFormat = ValueFormat.Percent,
    YFormat = ValueFormat.Percent,
    Series = [.. shares[1..].Select(row => new Series($"{row[1]}, {row[0]}", percent,
        [.. row[2..].Select(cell => cell == "-" ? double.NaN : Percent(cell))]))],
});

static Series Curve(string name, double[] percents) =>
    new(name, [.. percents.Select((_, i) => i + 1.0)], [.. percents.Select(value => value / 100)]);

// The table whose first headings are these, in the whole file.
static string[][] Table(string file, params string[] headings) => TableOf(File.ReadLines(file), file, headings);

// The same below the heading that begins so: tables of several sections begin alike.
static string[][] TableBelow(string section, string file, params string[] headings) => TableOf(
    File.ReadLines(file).SkipWhile(line => !line.StartsWith($"## {section}", StringComparison.Ordinal)).Skip(1)
        .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)), $"{file}, {section}", headings);

// Row by row, the headings first; without the line below them and without the marks of code.
static string[][] TableOf(IEnumerable<string> text, string where, string[] headings)
{
    string head = $"| {string.Join(" | ", headings)} |";
    string[] lines = [.. text.SkipWhile(line => !line.StartsWith(head, StringComparison.Ordinal))
        .TakeWhile(line => line.StartsWith('|'))];
    if (lines.Length < 3) throw new InvalidDataException($"{where}: there is no table that begins with '{head}'.");
    return [.. lines.Where((_, i) => i != 1).Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]
        .Select(cell => cell.Replace("`", "")).ToArray())];
}

static double Number(string text) => double.Parse(Regex.Replace(text, "[, ]", ""), NumberStyles.Float,
    CultureInfo.InvariantCulture);

static double Percent(string text) => Number(text.Trim('%', '*', ' ')) / 100;

void Save(string name, LineChart chart) => File.WriteAllBytes(Path.Combine(folder, $"{name}.png"), chart.ToPng());

void SaveEpochs(string name, string title, string section)
{
    string[][] epochs = TableBelow(section, "docs/results.md", "epoch", "training accuracy");
    Series Column(int column) => new(epochs[0][column], [.. epochs[1..].Select(row => Number(row[0]))],
        [.. epochs[1..].Select(row => Percent(row[column]))]);
    Save(name, new LineChart
    {
        Title = title,
        Size = (720, 400),
        XLabel = "epoch",
        YFormat = ValueFormat.Percent,
        Series = [Column(1), Column(3)],
    });
}
