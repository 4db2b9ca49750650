#!/usr/bin/env dotnet
#:property PublishAot=false
#:property ManagePackageVersionsCentrally=false
#:property InvariantGlobalization=true

// Times Fovea and its peers side by side and prints ratios: per workload the peers, ours, the peers again, ours again, so that a
// machine that slows down slows both. The peers print the best of their runs; ours is the median of whole steps.
//
// usage: dotnet run bench/Compare.cs [--threads N] [--rounds N] [--peers FILE] [WORKLOAD...]

using System.Diagnostics;
using System.Text.Json;

(string Name, int Batch)[] all =
[
    ("vit", 128), ("visual-attention", 128), ("deit_tiny_patch16_224", 16), ("vit_base_patch16_224", 4), ("resnet18", 16), ("resnet18-cifar", 128),
];
string threads = Option("--threads", "2"), peers = Option("--peers", "../shared/peers/run.sh");
int rounds = int.Parse(Option("--rounds", "2"));
string[] chosen = [.. args.Where((arg, i) => !arg.StartsWith("--") && (i == 0 || !args[i - 1].StartsWith("--")))];
if (!File.Exists(peers)) return Fail($"there is no {peers}; name the peers' script with --peers.");
if (chosen.Except(all.Select(w => w.Name)).FirstOrDefault() is string unknown) return Fail($"no workload is called {unknown}: {string.Join(", ", all.Select(w => w.Name))}.");

Console.WriteLine("| workload | mode | Fovea, img/s (GFLOP/s, of the roof) | peer | peer, img/s | ratio |");
Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
foreach ((string name, int batch) in all.Where(w => chosen.Length == 0 || chosen.Contains(w.Name)))
{
    List<JsonElement> theirs = [], ours = [];
    for (int round = 0; round < rounds; round++)
    {
        theirs.AddRange(Run("bash", [name.StartsWith("resnet") ? "bench/peers_resnet.sh" : peers, threads, name]));
        foreach (string mode in (string[])["train", "infer"])
            ours.AddRange(Run("src/Fovea.Cli/bin/Release/net10.0/fovea", ["bench", "--model", name, "--mode", mode, "--batch-size", $"{batch}", "--threads", threads, "--json"]));
    }

    foreach (var group in theirs.GroupBy(line => (Mode: Text(line, "mode"), Peer: Text(line, "peer"))))
    {
        JsonElement[] mine = [.. ours.Where(line => Text(line, "mode") == group.Key.Mode)];
        double my = Median(mine, "images_per_second"), their = Median(group, "images_per_second");
        Console.WriteLine(
            $"| `{name}` | {group.Key.Mode} | {my:F1} ({Median(mine, "gflops_per_second"):F0}, {Median(mine, "peak_fraction"):P0}) | {group.Key.Peer} | {their:F1} | **{my / their:F2}** |");
    }
}

return 0;

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}

static int Fail(string message)
{
    Console.Error.WriteLine($"compare: {message}");
    return 2;
}

static string Text(JsonElement line, string key) => line.GetProperty(key).GetString()!;

static double Median(IEnumerable<JsonElement> lines, string key)
{
    double[] values = [.. lines.Select(line => line.GetProperty(key).GetDouble()).Order()];
    return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
}

static List<JsonElement> Run(string file, string[] arguments)
{
    ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true };
    using Process process = Process.Start(start)!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return [.. output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement.Clone())];
}
