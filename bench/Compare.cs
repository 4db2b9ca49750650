#!/usr/bin/env dotnet
#:property PublishAot=false
#:property ManagePackageVersionsCentrally=false
#:property InvariantGlobalization=true

// Times Fovea and its peers in turns and prints ratios of medians. A round is ours, each peer, ours again: a machine
// that slows down slows both. The peers print the best of their runs, ours is the median of whole steps.
//
// A peers' script is called as `SCRIPT THREADS WORKLOAD` and prints JSON lines with peer, workload, mode (train or
// infer), batch and images_per_second. The first word of peer names it (torchsharp-fp32, torchsharp-bf16, torch,
// onnxruntime), the rest is its version.
//
// usage: dotnet run bench/Compare.cs --peers SCRIPT [--threads N] [--rounds N] [--fovea PROGRAM] [--device NAME]
//        [--precision P,P,...] [--seconds S] [WORKLOAD...]
// Of several precisions, fp32 is compared with every peer, and each with peers whose name ends with bf16.
// FOVEA_PEERS may name the script instead. The script's own variables, such as PEERS="torchsharp-fp32 torch", are
//        handed on.

using System.Diagnostics;
using System.Text.Json;

const string ModelPeers = "bench/peers_models.sh";
(string Name, int Batch)[] all =
[
    ("vit", 128), ("visual-attention", 128), ("deit_tiny_patch16_224", 16), ("vit_base_patch16_224", 4),
    ("resnet18", 16), ("resnet18-cifar", 128), ("vitl", 32), ("vitx", 32),
];
string threads = Option("--threads", "2");
string peers = Option("--peers", Environment.GetEnvironmentVariable("FOVEA_PEERS") ?? "");
string fovea = Option("--fovea", "src/Fovea.Cli/bin/Release/net10.0/fovea");
if (!int.TryParse(Option("--rounds", "3"), out int rounds) || rounds < 1)
    return Fail("--rounds takes a number from 1 on.");
string[] precisions = Option("--precision", "fp32").Split(',');
string[] chosen = [.. args.Where((arg, i) => !arg.StartsWith("--") && (i == 0 || !args[i - 1].StartsWith("--")))];
if (chosen.Except(all.Select(w => w.Name)).FirstOrDefault() is string unknown)
    return Fail($"no workload is called {unknown}: {string.Join(", ", all.Select(w => w.Name))}.");
(string Name, int Batch)[] workloads = [.. all.Where(w => chosen.Length == 0 || chosen.Contains(w.Name))];
if (workloads.Any(w => Script(w.Name) == peers) && !File.Exists(peers))
    return Fail(peers.Length == 0 ? "name the peers' script with --peers or FOVEA_PEERS." : $"there is no '{peers}'.");

Console.WriteLine(
    "| workload | mode | in | Fovea, img/s (GFLOP/s, of the roof) | peer | peer, img/s | ratio | in the rounds |");
Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
try
{
    foreach ((string name, int batch) in workloads) Compare(name, batch);
    return 0;
}
catch (InvalidDataException error)
{
    return Fail(error.Message);
}

void Compare(string name, int batch)
{
    List<Line> ours = [], theirs = [];
    for (int round = 0; round < rounds; round++)
    {
        ours.AddRange(Ours(name, batch, round));
        theirs.AddRange(Theirs(name, batch, round));
        ours.AddRange(Ours(name, batch, round));
    }

    foreach (IGrouping<(string Mode, string Peer), Line> group in theirs.GroupBy(line => (line.Mode, line.Peer)))
    foreach (string precision in precisions)
    {
        Line[] mine = [.. ours.Where(line => line.Mode == group.Key.Mode && line.Peer == precision)];
        bool isComparable = precisions.Length == 1 || precision == "fp32" || group.Key.Peer.EndsWith("bf16");
        if (mine.Length == 0 || !isComparable) continue;
        double my = Speed(mine);
        double their = Speed(group);
        double gflops = Median(mine.Select(line => line.Gflops));
        double ofRoof = Median(mine.Select(line => line.OfRoof));
        string roof = ofRoof > 0 ? $", {ofRoof:P0}" : "";
        double[] ratios = [.. group.GroupBy(line => line.Round)
            .Select(lines => Speed(mine.Where(line => line.Round == lines.Key)) / Speed(lines))];
        Console.WriteLine(
            $"| `{name}` | {group.Key.Mode} | {precision} | {my:F1} ({gflops:F0}{roof}) | {group.First().Label} "
            + $"| {their:F1} | **{my / their:F2}** | {ratios.Min():F2} to {ratios.Max():F2} |");
    }
}

IEnumerable<Line> Ours(string name, int batch, int round)
{
    foreach (string precision in precisions)
    foreach (string mode in precision == "int8" ? (string[])["infer"] : ["train", "infer"])
    {
        string[] bench = ["bench", "--model", name, "--mode", mode, "--batch-size", $"{batch}", "--threads", threads,
            "--device", Option("--device", "cpu"), "--precision", precision, "--seconds", Option("--seconds", "10"),
            "--json"];
        foreach (JsonElement json in Run(fovea, bench))
        {
            yield return new Line(precision, "fovea", Text(json, "mode"), round, Number(json, "images_per_second"))
            {
                Gflops = Number(json, "gflops_per_second"),
                OfRoof = json.GetProperty("peak_fraction").ValueKind == JsonValueKind.Null ? 0
                    : Number(json, "peak_fraction"),
            };
        }
    }
}

IEnumerable<Line> Theirs(string name, int batch, int round)
{
    string script = Script(name);
    foreach (JsonElement json in Run("bash", [script, threads, name]))
    {
        if (Text(json, "workload") != name)
            throw new InvalidDataException($"{script}: '{json}' is not of workload {name}.");
        if (Number(json, "batch") != batch)
            throw new InvalidDataException(
                $"{script}: '{json}' has another batch than {batch}: figures would not compare.");
        string label = Text(json, "peer");
        yield return new Line(label.Split(' ')[0], label, Text(json, "mode"), round, Number(json, "images_per_second"));
    }
}

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}

string Script(string name) => name is "vitl" or "vitx" || name.StartsWith("resnet") ? ModelPeers : peers;

static int Fail(string message)
{
    Console.Error.WriteLine($"compare: {message}");
    return 2;
}

static string Text(JsonElement json, string key) =>
    json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
        ? value.GetString()! : throw new InvalidDataException($"'{json}' has no text '{key}'.");

static double Number(JsonElement json, string key) =>
    json.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number
        ? value.GetDouble() : throw new InvalidDataException($"'{json}' has no number '{key}'.");

static double Speed(IEnumerable<Line> lines) => Median(lines.Select(line => line.Speed));

static double Median(IEnumerable<double> numbers)
{
    double[] values = [.. numbers.Order()];
    return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
}

static List<JsonElement> Run(string file, string[] arguments)
{
    ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true };
    using Process process = Process.Start(start)!;
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    if (process.ExitCode != 0)
        throw new InvalidDataException($"{file} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    return [.. output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonElement.Parse(line))];
}

/// <summary>One measurement.</summary>
internal sealed record Line(string Peer, string Label, string Mode, int Round, double Speed)
{
    public double Gflops { get; init; }

    public double OfRoof { get; init; }
}
