using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Benchmarks;
using Fovea.Training.Runs;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea bench</c>: how fast this machine trains or runs a model.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> model = new("--model") { HelpName = "NAME", Description = "Preset; 'fovea models' lists them", DefaultValueFactory = _ => "vit" };
        Option<string> mode = new("--mode") { HelpName = "train|infer", Description = "Whole training steps or forward passes", DefaultValueFactory = _ => "train" };
        mode.AcceptOnlyFromAmong("train", "infer");
        Option<int> batchSize = Numbers.AtLeastOne(new Option<int>("--batch-size", "-b") { HelpName = "N", Description = "Pictures per step", DefaultValueFactory = _ => 32 });
        Option<int?> imageSize = Numbers.AtLeastOne(new Option<int?>("--image-size", "--img-size") { HelpName = "N", Description = "Height and width in pixels; the preset's unless given" });
        Option<string?> attention = new("--attention") { HelpName = "NAME[:key=value,...]", Description = "Attention mechanism; the preset's unless given" };
        Option<int?> threads = Numbers.AtLeastOne(new Option<int?>("--threads") { HelpName = "N", Description = "Threads that compute; all cores unless given" });
        Option<string> device = new("--device") { HelpName = "cpu|reference", Description = "Where to compute", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("cpu", "reference");
        Option<double> seconds = new("--seconds") { HelpName = "X", Description = "How long to measure", DefaultValueFactory = _ => 10 };
        Option<int?> steps = Numbers.AtLeastOne(new Option<int?>("--steps") { HelpName = "N", Description = "Measure so many steps instead" });
        Option<bool> json = new("--json") { Description = "One JSON object on standard output" };

        Command command = new("bench", "Measure how fast this machine trains or runs a model.")
        {
            model, mode, batchSize, imageSize, attention, threads, device, seconds, steps, json,
        };
        command.SetAction(parsed =>
        {
            BenchmarkResult result = Benchmark.Run(new BenchmarkOptions
            {
                Model = parsed.GetRequiredValue(model),
                IsTraining = parsed.GetValue(mode) == "train",
                BatchSize = parsed.GetValue(batchSize),
                ImageSize = parsed.GetValue(imageSize),
                Attention = parsed.GetValue(attention),
                Threads = parsed.GetValue(threads),
                Device = parsed.GetRequiredValue(device),
                Seconds = parsed.GetValue(seconds),
                Steps = parsed.GetValue(steps),
            });
            terminal.Output.WriteLine(parsed.GetValue(json) ? RunJson.Line(result) : Describe(result));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Describe(BenchmarkResult result)
    {
        string speed = result is { GflopsPerSecond: double gflops, PeakFraction: double share }
            ? $", {Words.Count(gflops)} GFLOP/s ({Words.Percent(share)} of the {Words.Count(result.PeakGflopsPerSecond)} that registers allow)"
            : "";
        return $"{result.Model}, {result.Mode}, batch {result.BatchSize}, {result.Threads} threads: {Words.Count(result.ImagesPerSecond)} images/s "
            + $"(best {Words.Count(result.ImagesPerSecondBest)}){speed}, peak memory {Words.Bytes(result.PeakMemoryBytes)}, median of {result.Steps} steps";
    }
}
