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
string[] decoders = ["managed", "turbo"];
List<Run> theirs = [];
List<Run>[] ours = [.. decoders.Select(_ => new List<Run>())];
for (int round = 0; round < int.Parse(Option("--rounds", "5")); round++)
{
    theirs.Add(Start(python, [script, data, $"{workers}", seconds]));
    for (int i = 0; i < decoders.Length; i++)
        ours[i].Add(Start(Environment.ProcessPath!,
            ["--ours", "--data", data, "--workers", $"{workers}", "--seconds", seconds], decoders[i]));
}

Console.WriteLine(
    "| decoder | Fovea, images/s (CPU ms each) | torchvision, images/s (CPU ms each) | ratio | in the rounds | ratio "
        + "of CPU times |");
Console.WriteLine("| --- | ---: | ---: | ---: | --- | ---: |");
for (int i = 0; i < decoders.Length; i++)
{
    double[] ratios = [.. ours[i].Zip(theirs, (our, their) => our.Rate / their.Rate).Order()];
    double ourCost = Median(ours[i].Select(run => run.Cost)), theirCost = Median(theirs.Select(run => run.Cost));
    Console.WriteLine(FormattableString.Invariant(
        $"| {decoders[i]} | {Median(ours[i].Select(run => run.Rate)):F0} ({ourCost:F2}) | "
            + $"{Median(theirs.Select(run => run.Rate)):F0} ({theirCost:F2}) | **{Median(ratios):F2}** | "
            + $"{ratios[0]:F2} to {ratios[^1]:F2} | {theirCost / ourCost:F2} |"));
}

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

static Run Start(string file, string[] arguments, string decoder = "managed")
{
    ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true,
        Environment = { ["FOVEA_JPEG"] = decoder } };
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
