using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Lab.Benchmarks;
using Fovea.Lab.Estimation;
using Fovea.Training.Recipes;
using Fovea.Vision.Attention;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea estimate</c>: what a model and a schedule take, before anything runs.</summary>
internal static class EstimateCommand
{
    private const string EveryMechanism = "all";

    public static Command Create(Terminal terminal)
    {
        Option<string[]> models = Many("--model", "NAME", "Preset, may be repeated; 'fovea models' lists them", "vit");
        Option<string[]> attentions = Many("--attention", "NAME[:key=value,...]",
            "Attention mechanism, may be repeated; 'all' for each there is; the presets' own unless given");
        Option<int?> imageSize = Make.Maybe("--image-size", SizeForms.Pixels,
            "Height and width in pixels; the preset's unless given",
            "--img-size");
        Option<int> batchSize = Make.Of("--batch-size", SizeForms.Batch, 256, "Images per step, over all devices",
            "-b");
        Option<string> schedule = Make.TextOr("--schedule", "DATASET:EPOCHS,...", "imagenet:300",
            "What to train on, one after the other; a number of images may stand for a name");
        Option<string> device = Make.TextOr("--device", "NAME", ThisMachine.Name,
            "'this' or a device of 'fovea devices' is measured for some seconds; or a device of the table");
        Option<Tensors.Precision> precision = Make.Precision();
        Option<int[]> devices = Make.List("--devices", SizeForms.Count, [1], "Numbers of devices that share the batch");
        Option<string?> devicesFile = Make.Text("--devices-file", "FILE",
            "A device table of your own instead of the built-in one");
        Option<double?> memory = Make.Maybe("--memory",
            ValueForm.Real(new Interval(0, 1_000_000, WithoutLow: true)) with { Placeholder = "GB" },
            "Find the largest batch for so much memory; the device's unless given");
        Option<bool> checkpoint = Make.Switch("--grad-checkpoint",
            "Compute blocks again in the backward pass: less memory, a third more operations", "--grad-checkpointing");
        Option<OptimizerKind> optimizer = Make.Of("--optimizer", OptimizerTraits.Form, OptimizerKind.AdamW,
            "Update rule of the training steps: its state takes memory", "--opt", "--optimiser");
        Option<SemiMethod> semi = Make.Of("--semi", SemiSupervisedSection.Methods, SemiMethod.None,
            "Images without labels are learned from, too; batch, schedule and what is said of an image then count "
                + "labelled ones");
        Option<int?> ratio = Make.Maybe("--unlabelled-ratio", SemiSupervisedSection.Ratios,
            "With --semi: images without labels for each labelled one; 7 for fixmatch, 3 for mean-teacher unless given",
            "--mu");
        Option<double> seconds = Make.Of("--seconds", SizeForms.Seconds, 5, "How long to measure this machine");
        Option<int?> threads = Make.Maybe("--threads", SizeForms.Threads,
            "Threads of this machine; all cores unless given");
        Option<bool> list = Make.Switch("--list-devices", "Print the device table, to copy and edit");
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("estimate", "Parameters, operations, memory, time and cost of training, before it runs.")
        {
            models, attentions, imageSize, batchSize, schedule, device, precision, devices, devicesFile, memory,
                checkpoint, optimizer, semi, ratio,
                seconds, threads, list, json,
        };
        ClusterEstimate cluster = new(command);
        command.SetAction(parsed =>
        {
            bool isCluster = cluster.IsAsked(parsed, schedule, devices, memory, semi, ratio);
            if (parsed.GetValue(list))
            {
                terminal.Output.Write(DeviceTable.BuiltInText);
                return ExitCode.Success;
            }

            SemiSupervisedSection unlabelled = new()
            {
                Method = parsed.GetValue(semi),
                Ratio = parsed.GetValue(ratio),
            };
            if (unlabelled is { Method: SemiMethod.None, Ratio: not null })
                throw new UsageException("--unlabelled-ratio: needs --semi.");
            IReadOnlyList<Phase> phases = Phase.Parse(parsed.GetRequiredValue(schedule));
            string name = parsed.GetRequiredValue(device);
            string? measured = name == ThisMachine.Name ? Tensors.Device.Names[0] : Tensors.Device.Find(name);
            DeviceProfile? profile = measured is not null ? null
                : Find(name,
                    parsed.GetValue(devicesFile) is string file ? DeviceTable.Read(file) : DeviceTable.BuiltIn);
            if (profile is not null && parsed.GetResult(precision) is { Implicit: false })
                throw new UsageException("the table says in which precision a device of it computes.")
                {
                    Field = "precision",
                    Remedy = "Leave it out, or measure with a device of 'fovea devices'.",
                };
            BenchmarkOptions[] combinations = [.. Combinations(parsed.GetValue(models)!,
                parsed.GetValue(attentions) ?? []).Select(options => options with
                {
                    ImageSize = parsed.GetValue(imageSize),
                    BatchSize = parsed.GetValue(batchSize),
                    GradientCheckpointing = parsed.GetValue(checkpoint),
                    Optimisation = new() { Optimizer = parsed.GetValue(optimizer) },
                    Threads = parsed.GetValue(threads),
                    Device = measured ?? Tensors.Device.Names[0],
                    Precision = parsed.GetValue(precision),
                    Seconds = parsed.GetValue(seconds),
                })];
            if (isCluster)
            {
                cluster.Run(parsed, terminal, combinations, profile,
                    parsed.GetResult(batchSize) is { Implicit: false }, parsed.GetValue(json));
                return ExitCode.Success;
            }

            List<Estimate> estimates = [.. combinations.Select(what =>
                Estimate.Of(what, profile, phases, parsed.GetRequiredValue(devices), parsed.GetValue(memory),
                    unlabelled))];
            if (parsed.GetValue(json)) terminal.Output.Document(new { Estimates = estimates });
            else Print(terminal.Console, estimates, phases);
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<BenchmarkOptions> Combinations(string[] models, string[] attentions) =>
        from model in models
        from attention in attentions.SelectMany(name => name == EveryMechanism
            ? AttentionCatalogue.All.Select(entry => entry.Name) : [name]).DefaultIfEmpty()
        select new BenchmarkOptions { Model = model, Attention = attention };

    private static DeviceProfile Find(string name, IReadOnlyList<DeviceProfile> table)
    {
        if (table.FirstOrDefault(one =>
            string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase)) is DeviceProfile found) return found;
        string[] names = [.. table.Select(one => one.Name)];
        // a100: a100-80gb
        string? near = names.FirstOrDefault(one => one.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ?? NearestName.Of(name, names);
        throw new UsageException(
            $"--device: there is no '{name}'{(near is null ? "." : $"; did you mean '{near}'?")} There are "
                + $"{ThisMachine.Name}, {string.Join(", ", names)}.");
    }

    private static void Print(IAnsiConsole console, List<Estimate> estimates, IReadOnlyList<Phase> phases)
    {
        Tables what = Tables.Create("model", "!attention", ">parameters", ">GMAC", "?>GFLOP", ">training", "?>moved",
            ">activations", "?>weights", ">batch");
        foreach (Estimate one in estimates)
            what.AddRow(
                Cell.Name(one.Model), new Cell(one.Attention ?? ""), new Cell(Phrases.Count(one.Parameters)),
                new Cell(Number(one.ForwardGmacs)), new Cell(Number(one.ForwardGflops)),
                new Cell(Number(one.TrainingGflops)),
                new Cell(ByteSize.Text(one.TrainingBytesPerImage)),
                new Cell(ByteSize.Text(one.ActivationBytesPerImage)), new Cell(ByteSize.Text(one.StateBytes)),
                new Cell(one.LargestBatch == 0 ? "none" : Phrases.Count(one.LargestBatch)));
        console.Write(what);
        console.Line(
            "Of one image: GMAC (10⁹ multiply-adds) and GFLOP (two for each) of the forward pass; GFLOP, bytes moved "
                + "and bytes of activations of a training step.");
        console.Line(
            $"Weights with gradients and the state of {estimates[0].Optimizer}; batch is the largest that fits into "
                + $"{Number(estimates[0].MemoryGigabytes)} GB.");
        if (estimates[0].UnlabelledImages is > 0 and var others)
            console.Line($"Each image of a batch brings {others} without labels: they learn in the same step, and each "
                + "passes forward once more for its target. Training, moved, activations and batch count them in, by "
                + "the labelled image.");
        console.WriteLine();

        Tables time = Tables.Create(
            ["model", "!attention", "?>of peak",
                .. estimates[0].Times.Select(one => $">{one.Devices} x {estimates[0].Device}")]);
        foreach (Estimate one in estimates)
            time.AddRow([Cell.Name(one.Model), new Cell(one.Attention ?? ""),
                new Cell(Phrases.Percent(one.Efficiency)), .. one.Times.Select(TimeOf)]);
        console.Write(time);
        IEnumerable<string> schedule = phases.Select(phase =>
            $"{Number(phase.Epochs)} epochs of {Phrases.Count(phase.Train)} images ({phase.Name}"
                + (phase.Validation > 0 ? $", {Phrases.Count(phase.Validation)} held out)" : ")"));
        console.Line(
            $"{string.Join(", then ", schedule)}, their evaluation included; "
            + $"batch {Phrases.Count(estimates[0].BatchSize)} over all devices.");
        console.Line(estimates[0].Device == ThisMachine.Name
            ? "Of peak: the share of this machine's peak of matrix products that training steps reached."
            : "Of peak: the share of the device's peak of matrix products that is reckoned with; --list-devices says "
            + "where it comes from. Reading images is not counted.");
        if (estimates.Any(one => one.Times.Any(t => !t.Fits)))
            console.Line(
                "* A device's share of the batch does not fit into its memory at once: accumulate gradients "
                    + "(--grad-accum), or see --grad-checkpoint.");
    }

    private static Cell TimeOf(Estimate.Run run)
    {
        string cost = run.Dollars > 0 ? $", {Amount(run.Dollars)} $" : "";
        return new Cell($"{Hours(run.Hours)}{cost}{(run.Fits ? "" : " *")}");
    }

    /// <summary>Whole dollars; below one, two digits that count.</summary>
    private static string Amount(double dollars) => dollars >= 1 ? Phrases.Count(dollars)
        : dollars.ToString("0." + new string('#', 1 - (int)Math.Floor(Math.Log10(dollars))),
            CultureInfo.InvariantCulture);

    private static string Hours(double hours) => hours switch
    {
        < 1.0 / 60 => $"{Number(hours * 3600)} s",
        < 1 => $"{Number(hours * 60)} min",
        < 48 => $"{Number(hours)} h",
        _ => $"{Number(hours / 24)} days",
    };

    private static string Number(double value) =>
        value.ToString(value is >= 100 or 0 ? "#,0" : "0.##", CultureInfo.InvariantCulture);

    private static Option<string[]> Many(string name, string placeholder, string description,
        params string[] standard) => new(name)
        {
            HelpName = placeholder,
            Description = description,
            DefaultValueFactory = _ => standard,
        };
}
