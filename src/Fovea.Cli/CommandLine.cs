using System.CommandLine;
using System.CommandLine.Invocation;
using Fovea.Cli.Commands;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Cli.Signals;
using Fovea.Core.Collectives;
using Fovea.Lab.Studies;
using Fovea.Training;
using Fovea.Training.Runs;

namespace Fovea.Cli;

/// <summary>Runs a command line. Here alone, errors become a message and an exit code.</summary>
internal static class CommandLine
{
    private const string Verbose = "--verbose";

    /// <summary>Runs a command.</summary>
    /// <param name="arguments">The arguments, as the shell passes them.</param>
    /// <param name="terminal">The writers.</param>
    /// <param name="stop">Ctrl-C.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, Terminal terminal, CancellationToken stop)
    {
        List<string> idle = [];
        string[] meant = IdleOptions.Without(ProjectArguments.Translate(arguments, idle.Add), idle.Add);
        foreach (string line in idle) terminal.Error.WriteLine($"fovea: {line}");
        terminal = terminal with { Typed = TypedCommand.Of(arguments), Idle = idle };
        ParseResult parsed = CreateRoot(terminal, meant, stop).Parse(meant);
        string[] errors = [.. OptionNames.Errors(parsed)];
        if (errors.Length > 0 && parsed.Action is not Help) return Complain(parsed, errors, terminal);
        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception error)   // the last stop: a message for people, the details on request
        {
            LetRank0Speak(Launcher.Current, stop);
            (int code, IReadOnlyList<string> lines) = Explain(Cause(error));
            string who = Launcher.Current is { Rank: > 0 } started ? $"rank {started.Rank}: " : "";
            foreach (string line in Abridged.Of([$"fovea: {who}{lines[0]}", .. lines.Skip(1)]))
                terminal.Error.WriteLine(line);
            if (arguments.Contains(Verbose)) terminal.Error.Write(error + terminal.Error.NewLine);
            return code;
        }
    }

    /// <summary>The command with all its subcommands and options.</summary>
    internal static RootCommand CreateRoot(Terminal terminal, CancellationToken stop) =>
        CreateRoot(terminal, Commands(terminal, stop).Select(command => command.Create()));

    /// <summary>The command with what these arguments need of it, which is made sooner than all: the subcommand that
    /// they name, or subcommands without options for a list of them.</summary>
    internal static RootCommand CreateRoot(Terminal terminal, string[] arguments, CancellationToken stop)
    {
        IReadOnlyList<Subcommand> commands = Commands(terminal, stop);
        if (arguments is [] or ["--help" or "-h" or "-?" or "--version"])
            return CreateRoot(terminal, commands.Select(command =>
                new Command(command.Name, command.Sentence) { Hidden = command.IsHidden }));
        return commands.FirstOrDefault(command => command.Name == arguments[0]) is Subcommand asked
            ? CreateRoot(terminal, [asked.Create()]) : CreateRoot(terminal, stop);
    }

    /// <summary>All subcommands, in the order of the help.</summary>
    private static IReadOnlyList<Subcommand> Commands(Terminal terminal, CancellationToken stop) =>
        [
            new("train", "Train an image classifier.",
                () => TrainCommand.Create(terminal, stop)),
            new("finetune", "Fine-tune the model of a run or file, with a new head if the classes differ.",
                () => TrainCommand.CreateFineTune(terminal, stop)),
            new("pretrain",
                "Learn from images without their classes: by predicting hidden patches (mae) or by making views of an "
                    + "image agree (dino).",
                () => TrainCommand.CreatePretrain(terminal, stop)),
            new("eval", "Evaluate a trained model on a dataset.",
                () => EvalCommand.Create(terminal, stop)),
            new("predict", "Classify images with a trained model.",
                () => PredictCommand.Create(terminal)),
            new("explain",
                "Show where a model looks: attention maps, rollout, relevance, and what its parts have learned.",
                () => ExplainCommand.Create(terminal, stop)),
            new("compare",
                "Train and compare models, attention mechanisms or anything else that 'train' has an option for.",
                () => CompareCommand.Create(terminal, stop)),
            new("cell", "Train one cell of a study.",
                () => CellCommand.Create(terminal, stop)) { IsHidden = true },
            new("runs", "Look through run directories.",
                () => RunsCommand.Create(terminal)),
            new("models", "List models and attention mechanisms.",
                () => ModelsCommand.Create(terminal)),
            new("devices", "List what this machine can compute on, and what to install for the rest.",
                () => DevicesCommand.Create(terminal)),
            new("bench", "Measure how fast this machine trains or runs a model.",
                () => BenchCommand.Create(terminal)),
            new("estimate", "Parameters, operations, memory, time and cost of training, before it runs.",
                () => EstimateCommand.Create(terminal)),
            new("probe",
                "Probe a trained model's features on a dataset: nearest neighbours and linear classification, with "
                    + "nothing of the model trained.",
                () => ProbeCommand.Create(terminal, stop)),
            new("pseudo-label",
                "Label images with a trained model where it is sure: a list that '--dataset csv' reads.",
                () => PseudoLabelCommand.Create(terminal, stop)),
            new("approximate",
                "Put a trained softmax model's weights into Performers and report the differences by number of "
                    + "features.",
                () => ApproximateCommand.Create(terminal)),
            new("data", "Look at datasets, and download them.",
                () => DataCommand.Create(terminal, stop)),
            new("weights",
                "List the tensors of a file of weights, whoever wrote it; write them as safetensors; fetch published "
                    + "ones by name.",
                () => WeightsCommand.Create(terminal, stop)),
            new("export",
                "Write a trained model for other programs: as ONNX, whose scores are those of 'fovea predict' before "
                    + "the softmax, for any number of images at a time; or as safetensors with the names of another "
                    + "library.",
                () => ExportCommand.Create(terminal)),
            new("verify",
                "Compare an exported file, in ONNX Runtime, with the model that it was made of, image by image.",
                () => VerifyCommand.Create(terminal, stop)),
            new("serve", "Serve trained models over HTTP: classes, features and explanations of images.",
                () => ServeCommand.Create(terminal, stop)),
            new("studio",
                "Show runs in the browser: live curves, comparisons, what their models look at, and what those cost.",
                () => StudioCommand.Create(terminal, stop)),
        ];

    private static RootCommand CreateRoot(Terminal terminal, IEnumerable<Command> commands)
    {
        RootCommand root = new(
            "Fovea, a Vision Transformer laboratory: train, evaluate and compare image classifiers.");
        foreach (Command command in commands) root.Add(command);
        root.Add(new Option<bool>(Verbose) { Description = "Stack traces with error messages", Recursive = true });
        foreach (VersionOption version in root.Options.OfType<VersionOption>())
            version.Action = new VersionAction(terminal);
        OptionNames.AddUnderscores(root);
        Help.Install(root, terminal);
        return root;
    }

    private static (int Code, IReadOnlyList<string> Lines) Explain(Exception error) => error switch
    {
        FoveaException known =>
            (known is UsageException ? ExitCode.Usage : ExitCode.Failure, OptionNames.Lines(known)),
        RunInterruptedException run =>
            (Interrupts.First.ExitCode, [$"{Interrupted} after step {run.Step}; all is saved: go on "
                + $"{(Launcher.Current is null ? "" : "by the same launcher ")}with "
                + $"'fovea train --resume {run.Directory}'."]),
        OperationCanceledException =>
            (Interrupts.First.ExitCode, [error is StudyInterruptedException ? error.Message : $"{Interrupted}."]),
        OutOfMemoryException or InsufficientExecutionStackException => (ExitCode.Failure, [OptionNames.Of(NoMemory())]),
        IOException or UnauthorizedAccessException => (ExitCode.Failure, [error.Message]),
        _ => (ExitCode.Failure, [$"{error.GetType().Name}: {error.Message} (this is a defect; {Verbose} shows where)"]),
    };

    private static string Interrupted =>
        Interrupts.First == StopSignal.Interrupt ? "interrupted" : $"interrupted by {Interrupts.First.Name}";

    /// <summary>The exception that was thrown where it happened, on another thread or in a constructor of a
    /// type.</summary>
    private static Exception Cause(Exception error) =>
        error is AggregateException or TypeInitializationException && error.InnerException is Exception inner
            ? Cause(inner) : error;

    private static string NoMemory() =>
        $"the memory ({ByteSize.Text(MemoryLimit.Available)} for this process) is used up; checkpoints that were "
            + "saved are whole. A smaller `batch-size`, `image-size` or model, fewer `workers` and `threads`, "
            + "`grad-accum` or `grad-checkpoint` need less.";

    /// <summary>Waits some seconds on ranks other than 0, which most often has the same to say: its end is that of all,
    /// and this process hears of it by a signal.</summary>
    internal static void LetRank0Speak(Launcher? launcher, CancellationToken stop)
    {
        TimeSpan patience = TimeSpan.FromSeconds(3);
        // Whoever heard the signal ends the process, unless it was one from before, which asked for an end.
        if (launcher is { Rank: > 0 } && stop.WaitHandle.WaitOne(patience)) Thread.Sleep(patience);
    }

    private static int Complain(ParseResult parsed, string[] errors, Terminal terminal)
    {
        if (Launcher.Current is { Rank: > 0 }) return ExitCode.Usage;   // rank 0 got the same line, and says so
        Command command = parsed.CommandResult.Command;
        foreach (string error in errors) terminal.Error.WriteLine("fovea: " + Abridged.Of(error));
        terminal.Error.WriteLine($"'{Examples.PathOf(command)} --help' shows what there is.");
        return ExitCode.Usage;
    }

    private sealed class VersionAction(Terminal terminal) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            terminal.Output.WriteLine($"fovea {Machine.Version}");
            return ExitCode.Success;
        }
    }

    /// <summary>A subcommand before it is made.</summary>
    /// <param name="Name">How it is called.</param>
    /// <param name="Sentence">The first sentence of its description.</param>
    /// <param name="Create">Makes it, with all options.</param>
    private sealed record Subcommand(string Name, string Sentence, Func<Command> Create)
    {
        public bool IsHidden { get; init; }
    }
}
