#!/usr/bin/env dotnet
#:project ../src/Fovea.Data/Fovea.Data.csproj
#:property PublishAot=false

// From JPEG files to normalised batches: decode, RandomResizedCrop(224), flip, normalise, ours against torchvision with
// PIL, the same images and as many workers. Rounds alternate (theirs, ours with each decoder), so that a machine that
// slows down slows all; the ratio is the median over rounds. Processor times tell the same on a machine that others use
// too.
//
// usage: dotnet run -c Release bench/Images.cs [--data FOLDER] [--workers N] [--rounds N] [--seconds S] [--python FILE]

using System.Diagnostics;
using System.Globalization;
using Fovea.Data;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;

string data = Option("--data", "../shared/data/imagenet-sample/train"), seconds = Option("--seconds", "4");
int workers = int.Parse(Option("--workers", "2"));
if (args.Contains("--ours"))
{
    (double rate, double cost) = Ours(data, workers, double.Parse(seconds, CultureInfo.InvariantCulture));
    Console.WriteLine(FormattableString.Invariant($"{rate:F1} {cost:F2}"));
    return;
}

string python = Option("--python", "/usr/bin/python3"), script = "bench/torchvision_images.py";
List<Run> theirs = [];
List<Run> ours = [];
for (int round = 0; round < int.Parse(Option("--rounds", "5")); round++)
{
    theirs.Add(Start(python, [script, data, $"{workers}", seconds]));
    ours.Add(Start(Environment.ProcessPath!,
        ["--ours", "--data", data, "--workers", $"{workers}", "--seconds", seconds]));
}

double[] ratios = [.. ours.Zip(theirs, (our, their) => our.Rate / their.Rate).Order()];
double ourCost = Median(ours.Select(run => run.Cost)), theirCost = Median(theirs.Select(run => run.Cost));
string ourRate = FormattableString.Invariant($"{Median(ours.Select(run => run.Rate)):F0} ({ourCost:F2})");
string theirRate = FormattableString.Invariant($"{Median(theirs.Select(run => run.Rate)):F0} ({theirCost:F2})");
Console.WriteLine(
    "| Fovea, images/s (CPU ms) | torchvision, images/s (CPU ms) | ratio | in the rounds | ratio of CPU times |");
Console.WriteLine("| ---: | ---: | ---: | --- | ---: |");
Console.WriteLine(FormattableString.Invariant(
    $"| {ourRate} | {theirRate} | **{Median(ratios):F2}** | {ratios[0]:F2} to {ratios[^1]:F2} | "
        + $"{theirCost / ourCost:F2} |"));

static Run Ours(string folder, int workers, double seconds)
{
    IImageDataset images = ImageFolder.Load(folder, new() { TestShare = 0.01 }).Train;
    // longer epochs
    images = new Subset(images, [.. Enumerable.Range(0, 4 * images.Count).Select(i => i % images.Count)]);
    DataLoader loader = new(images, new()
    {
        BatchSize = 20, Shuffle = true, Workers = workers,
            Transforms = TransformPipeline.Parse("random-resized-crop:224,hflip"),
    });
    int epoch = 0, done = 0;
    int Epochs(int count)
    {
        int read = 0;
        for (int i = 0; i < count; i++) read += loader.Epoch(epoch++).Sum(batch => batch.Count);
        return read;
    }

    Epochs(3);   // the just-in-time compiler needs some repetitions to see what is hot
    long start = Stopwatch.GetTimestamp();
    TimeSpan used = Environment.CpuUsage.TotalTime;
    while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds) done += Epochs(1);
    return new(done / Stopwatch.GetElapsedTime(start).TotalSeconds,
        (Environment.CpuUsage.TotalTime - used).TotalMilliseconds / done);
}

static Run Start(string file, string[] arguments)
{
    ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true };
    using Process process = Process.Start(start)!;
    string[] figures = process.StandardOutput.ReadToEnd().Split();
    process.WaitForExit();
    if (process.ExitCode != 0) throw new InvalidOperationException($"{file} failed.");
    return new(double.Parse(figures[0], CultureInfo.InvariantCulture),
        double.Parse(figures[1], CultureInfo.InvariantCulture));
}

static double Median(IEnumerable<double> values)
{
    double[] sorted = [.. values.Order()];
    return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}

/// <param name="Rate">Images a second.</param>
/// <param name="Cost">Milliseconds of processor time per image, over all threads or processes.</param>
internal sealed record Run(double Rate, double Cost);
