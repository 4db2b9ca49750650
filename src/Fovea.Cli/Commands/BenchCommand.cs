using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Formats;
using Fovea.Lab.Benchmarks;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea bench</c>: how fast this machine trains or runs a model.</summary>
internal static class BenchCommand
{
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
        Option<string> device = Make.Device();
        Option<Tensors.Precision> precision = Make.Precision();
        Option<double> seconds = Make.Of("--seconds", SizeForms.Seconds, 10, "How long to measure");
        Option<int?> steps = Make.Maybe("--steps", SizeForms.Count, "Measure so many steps instead");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");

        Command command = new("bench", "Measure how fast this machine trains or runs a model.")
        {
            model, mode, batchSize, imageSize, attention, checkpoint, threads, device, precision, seconds, steps, json,
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
                GradientCheckpointing = parsed.GetValue(checkpoint),
                Threads = parsed.GetValue(threads),
                Device = parsed.GetRequiredValue(device),
                Precision = parsed.GetValue(precision),
                Seconds = parsed.GetValue(seconds),
                Steps = parsed.GetValue(steps),
            });
            if (parsed.GetValue(json)) terminal.Output.WriteLine(JsonText.Line(result));
            else terminal.Console.Line(Describe(result));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Describe(BenchmarkResult result)
    {
        string roof = $"{Phrases.Count(result.GflopsPerSecond)} GFLOP/s";
        string where = $"{result.Device}, {result.Precision.ToString().ToLowerInvariant()}";
        if (result is { PeakFraction: double share, PeakGflopsPerSecond: double peak })
        {
            roof += $" ({Phrases.Percent(share)} of the {Phrases.Count(peak)} that registers allow)";
            where += $", {Phrases.Plural(result.Threads, "thread")}";
        }

        string what = $"{result.Model}, {result.Mode}, batch {result.BatchSize}, {where}";
        string speed =
            $"{Phrases.Count(result.ImagesPerSecond)} images/s (best {Phrases.Count(result.ImagesPerSecondBest)})";
        return $"{what}: {speed}, {roof}, activations {ByteSize.Text(result.ActivationBytes)}, peak memory "
            + $"{ByteSize.Text(result.DeviceMemoryBytes ?? result.PeakMemoryBytes)}, median of "
            + $"{Phrases.Plural(result.Steps, "step")}";
    }
}
