#!/usr/bin/env dotnet
#:project ../src/Fovea.Data/Fovea.Data.csproj
#:property PublishAot=false

// An image folder of very many images: how long it takes to the first batch, and what it costs in memory, with the
// loader's workers decoding and cropping. The images are hard links to those of FOLDER, in 1,000 class folders below
// the temporary folder. Each measurement has a process of its own; a small folder of the same images tells what
// decoding takes without the many names.
//
// usage: dotnet run -c Release bench/LargeFolder.cs [--data FOLDER] [--count N] [--batches N]

using System.Diagnostics;
using System.Runtime.InteropServices;
using Fovea.Data;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;

string data = Option("--data", "../shared/data/imagenet-sample/train");
int count = int.Parse(Option("--count", "100000")), batches = int.Parse(Option("--batches", "30"));
if (args.Contains("--measure"))
{
    Measure(data, batches);
    return;
}

string root = Directory.CreateTempSubdirectory("fovea-large-").FullName;
try
{
    Console.WriteLine(
        "| images | listed after, s (CPU s) | first batch after, s (CPU s) | peak memory, MB |\n| ---: | ---: | ---: | "
            + "---: |");
    foreach (int images in (int[])[3_000, count])
    {
        string folder = Path.Combine(root, $"{images}");
        Fill(folder, Directory.GetFiles(data, "*.JPEG", SearchOption.AllDirectories), images);
        using Process process = Process.Start(Environment.ProcessPath!,
            ["--measure", "--data", folder, "--batches", $"{batches}"]);
        process.WaitForExit();
    }
}
finally
{
    Directory.Delete(root, recursive: true);
}

static void Measure(string folder, int batches)
{
    long start = Stopwatch.GetTimestamp();
    DatasetSplits splits = DatasetCatalogue.Load("folder", folder);
    string listed = Since(start), first = "";
    DataLoader loader = new(splits.Train, new()
    {
        BatchSize = 32, Shuffle = true, Workers = 2,
            Transforms = TransformPipeline.Parse("random-resized-crop:224,hflip"),
    });
    int read = 0;
    foreach (Batch batch in loader.Epoch(0).Take(batches))
        if (read++ == 0) first = Since(start);
    int images = splits.Train.Count + splits.Validation.Count + splits.Test.Count;
    using Process self = Process.GetCurrentProcess();
    Console.WriteLine(FormattableString.Invariant(
        $"| {images} | {listed} | {first} | {self.PeakWorkingSet64 / 1e6:F0} |"));
    GC.KeepAlive(splits);
}

static string Since(long start) => FormattableString.Invariant(
    $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F2} ({Environment.CpuUsage.TotalTime.TotalSeconds:F2})");

static void Fill(string folder, string[] originals, int count)
{
    for (int i = 0; i < count; i++)
    {
        string name = Path.Combine(folder, $"n{10_000_000 + i % 1000}");
        if (i < 1000) Directory.CreateDirectory(name);
        name = Path.Combine(name, $"n{10_000_000 + i % 1000}_{i}.JPEG");
        if (OperatingSystem.IsWindows() || HardLink(originals[i % originals.Length], name) != 0)
            File.Copy(originals[i % originals.Length], name);
    }
}

[DllImport("libc", EntryPoint = "link")]
static extern int HardLink([MarshalAs(UnmanagedType.LPUTF8Str)] string file,
    [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}
