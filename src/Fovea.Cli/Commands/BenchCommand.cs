using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Collectives;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Lab.Benchmarks;
using Fovea.Lab.Benchmarks.Profiles;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea bench</c>: how fast this machine trains or runs a model.</summary>
internal static class BenchCommand
{
    private const int Shards = 8;

    public static Command Create(Terminal terminal)
    {
        Option<string> model = Make.TextOr("--model", "NAME", "vit", "Preset; 'fovea models' lists them");
        Option<string> mode = Make.Choice("--mode", "Whole training steps or forward passes", "train", "infer");
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 32, "Images per step", "-b");
        Option<int?> imageSize = Make.Maybe("--image-size", SizeForms.Pixels,
            "Height and width in pixels; the preset's unless given",
            "--img-size");
        Option<string?> attention = Make.Text("--attention", "NAME[:key=value,...]",
            "Attention mechanism; the preset's unless given");
        Option<bool> checkpoint = Make.Switch("--grad-checkpoint", "Compute blocks again in the backward pass",
            "--grad-checkpointing");
        Option<int?> threads = Make.Maybe("--threads", SizeForms.Threads,
            "Threads that compute; all cores unless given");
        Option<Tensors.Pinning?> pin = Make.Pin();
        Option<string> device = Make.Device();
        Option<Tensors.Precision> precision = Make.Precision();
        Option<double> seconds = Make.Of("--seconds", SizeForms.Seconds, 10, "How long to measure");
        Option<int?> steps = Make.Maybe("--steps", SizeForms.Count, "Measure so many steps instead");
        Option<bool> collective = Make.Switch("--collective",
            "Measure sums between the ranks that mpirun, mpiexec or srun started, instead of a model");
        Option<int?> shards = Make.Maybe("--shards", ValueForm.Whole(1, 4096),
            $"With --collective: shards of the sums whose bits do not depend on the ranks; {Shards} unless given");
        Option<bool> compiled = Make.Switch("--compiled",
            "Compile the passes first (forward; in training backward, too), and measure that");
        Option<bool> profile = Make.Switch("--profile", "Account for a step, operator by operator");
        Option<string?> flame = Make.Text("--flame", "FILE.svg", "With --profile: a flame chart of a step");
        Option<string?> trace = Make.Text("--trace", "FILE.json",
            "With --profile: what each thread computed in one step, for Perfetto or chrome://tracing");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");

        Command command = new("bench", "Measure how fast this machine trains or runs a model.")
        {
            model, mode, batchSize, imageSize, attention, checkpoint, threads, pin, device, precision, seconds,
            steps, compiled, profile, flame, trace, collective, shards, json,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(collective))
            {
                RequireNone(parsed, "does not go with --collective, which measures no model", model, mode, batchSize,
                    imageSize, attention, checkpoint, threads, pin, device, precision, compiled, profile, flame,
                    trace);
                Run(terminal, parsed.GetValue(shards) ?? Shards, parsed.GetValue(seconds), parsed.GetValue(steps),
                    parsed.GetValue(json));
                return ExitCode.Success;
            }

            RequireNone(parsed, "goes with --collective only", shards);
            if (!parsed.GetValue(profile) && (parsed.GetValue(flame) ?? parsed.GetValue(trace)) is not null)
                throw new UsageException("bench: --flame and --trace go with --profile only.");
            BenchmarkResult result = Benchmark.Run(new BenchmarkOptions
            {
                Model = parsed.GetRequiredValue(model),
                IsTraining = parsed.GetValue(mode) == "train",
                BatchSize = parsed.GetValue(batchSize),
                ImageSize = parsed.GetValue(imageSize),
                Attention = parsed.GetValue(attention),
                GradientCheckpointing = parsed.GetValue(checkpoint),
                Threads = parsed.GetValue(threads),
                Pinning = parsed.GetValue(pin),
                Device = parsed.GetRequiredValue(device),
                Precision = parsed.GetValue(precision),
                Seconds = parsed.GetValue(seconds),
                Steps = parsed.GetValue(steps),
                IsCompiled = parsed.GetValue(compiled),
                IsProfiled = parsed.GetValue(profile),
            });
            if (result.Placement is string placement) terminal.Error.WriteLine($"fovea: {placement}");
            if (result.Profile is not null) Write(result, parsed.GetValue(flame), parsed.GetValue(trace));
            if (parsed.GetValue(json)) terminal.Output.WriteLine(JsonText.Line(result));
            else terminal.Console.Line(Describe(result));
            if (result.Profile is not null && !parsed.GetValue(json)) Print(terminal.Console, result);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Measures between ranks; rank 0 alone writes.</summary>
    private static void Run(Terminal terminal, int shards, double seconds, int? steps, bool isJson)
    {
        ICollective ranks = Collective.Open();
        using IDisposable? watch = Liveness.Start(ranks);
        CollectiveResult result = CollectiveBenchmark.Run(ranks, shards, seconds, steps);
        if (ranks.Rank > 0) return;
        if (isJson)
        {
            terminal.Output.WriteLine(JsonText.Line(result));
            return;
        }

        terminal.Console.Line($"{result.Transport}, {result.Ranks} ranks, {result.RanksOnMachine} on this machine, "
            + $"{Phrases.Plural(result.Shards, "shard")}; medians");
        Tables table = Tables.Create("vector", ">all-reduce", ">MB/s", ">tree sum", ">MB/s", "?>repeats");
        foreach (CollectiveTiming row in result.Sizes)
            table.AddRow(Cell.Name(ByteSize.Text(row.Bytes)), Microseconds(row.AllReduceMicroseconds),
                Phrases.Count(row.AllReduceMegabytesPerSecond), Microseconds(row.TreeSumMicroseconds),
                Phrases.Count(row.TreeSumMegabytesPerSecond), Phrases.Count(row.Repeats));
        terminal.Console.Write(table);
    }

    private static void Write(BenchmarkResult result, string? flame, string? trace)
    {
        if (flame is not null)
            AtomicFile.WriteText(flame, ProfileFiles.Flame(result.Profile!,
                $"{result.Model}, {result.Mode}, batch {result.BatchSize}, {result.Device}, {Name(result.Precision)}")
                .ToSvg());
        if (trace is not null) AtomicFile.WriteText(trace, ProfileFiles.Trace(result.Profile!));
    }

    private static void Print(IAnsiConsole console, BenchmarkResult result)
    {
        StepProfile profile = result.Profile!;
        console.Line($"{Milliseconds(profile.MillisecondsPerStep)} in a profiled step; bytes are those of operands and "
            + "results, operations those of products");
        Tables table = Tables.Create("phase", "operator", "~size", ">calls", ">ms", ">share", ">GFLOP/s",
            ">of the roof",
            ">GB/s");
        foreach (string phase in StepProfile.Phases)
        {
            ProfiledOperator[] operators = [.. profile.Operators.Where(o => o.Phase == phase)];
            if (operators.Length == 0) continue;
            ProfiledOperator[] shown = [.. operators.Where(o => o.Milliseconds >= 0.005 * profile.MillisecondsPerStep)];
            foreach (ProfiledOperator one in shown)
                table.AddRow([phase, one.Operator, one.Size, Phrases.Count(one.Calls),
                    .. Figures(profile, result.PeakGflopsPerSecond, one.Milliseconds, one.Gflop, one.Megabytes)]);
            ProfiledOperator[] small = [.. operators.Except(shown)];
            if (small.Length > 0)
                table.AddRow([phase, "others", "", Phrases.Count(small.Sum(o => o.Calls)),
                    .. Figures(profile, result.PeakGflopsPerSecond, small.Sum(o => o.Milliseconds),
                        small.Sum(o => o.Gflop), small.Sum(o => o.Megabytes))]);
        }

        table.AddRow(["between", "", "", "",
            .. Figures(profile, result.PeakGflopsPerSecond, profile.MillisecondsBetween, 0, 0)]);
        console.Write(table);
    }

    private static Cell[] Figures(StepProfile profile, double? peak, double milliseconds, double gflop,
        double megabytes) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.00}"),
        Phrases.Percent(milliseconds / profile.MillisecondsPerStep),
        gflop > 0 ? Phrases.Count(gflop / milliseconds * 1e3) : "",
        gflop > 0 && peak is double roof ? Phrases.Percent(gflop / milliseconds * 1e3 / roof) : "",
        megabytes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{megabytes / milliseconds:0.0}") : "",
    ];

    private static string Name(Tensors.Precision precision) => precision.ToString().ToLowerInvariant();

    private static string Milliseconds(double time) => string.Create(CultureInfo.InvariantCulture, $"{time:0.0} ms");

    private static string Microseconds(double time) => time < 100
        ? string.Create(CultureInfo.InvariantCulture, $"{time:0.0} us") : $"{Phrases.Count(time)} us";

    /// <exception cref="UsageException">One of these options was given.</exception>
    private static void RequireNone(ParseResult parsed, string reason, params Option[] options)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is Option given)
            throw new UsageException($"bench: {given.Name} {reason}.");
    }

    private static string Describe(BenchmarkResult result)
    {
        string roof = $"{Phrases.Count(result.GflopsPerSecond)} GFLOP/s";
        string where = $"{result.Device}, {result.Precision.ToString().ToLowerInvariant()}";
        if (result.PeakGflopsPerSecond is double peak)
        {
            roof += result.PeakFraction is double share
                ? $" ({Phrases.Percent(share)} of the {Phrases.Count(peak)} that registers allow)"
                : " (products that the window leaves out counted too)";
            where += $", {Phrases.Plural(result.Threads, "thread")}";
        }

        string mode = result.Mode + (result.Compiled ? " compiled" : "");
        string what = $"{result.Model}, {mode}, batch {result.BatchSize}, {where}";
        string speed =
            $"{Phrases.Count(result.ImagesPerSecond)} images/s (best {Phrases.Count(result.ImagesPerSecondBest)})";
        return $"{what}: {speed}, {roof}, activations {ByteSize.Text(result.ActivationBytes)}, peak memory "
            + $"{ByteSize.Text(result.DeviceMemoryBytes ?? result.PeakMemoryBytes)}, median of "
            + $"{Phrases.Plural(result.Steps, "step")}";
    }
}
