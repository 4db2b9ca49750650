using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
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
        string[] meant = IdleOptions.Without(arguments, idle.Add);
        foreach (string line in idle) terminal.Error.WriteLine($"fovea: {line}");
        terminal = terminal with { Typed = TypedCommand.Of(arguments), Idle = idle };
        ParseResult parsed = CreateRoot(terminal, stop).Parse(meant);
        if (parsed.Errors.Count > 0 && parsed.Action is not Help) return Complain(parsed, terminal);
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
            LetRank0Speak(stop);
            (int code, IReadOnlyList<string> lines) = Explain(Cause(error));
            string who = Launcher.Current is { Rank: > 0 } started ? $"rank {started.Rank}: " : "";
            foreach (string line in Abridged.Of([$"fovea: {who}{lines[0]}", .. lines.Skip(1)]))
                terminal.Error.WriteLine(line);
            if (arguments.Contains(Verbose)) terminal.Error.Write(error + terminal.Error.NewLine);
            return code;
        }
    }

    /// <summary>The command with all its subcommands and options.</summary>
    internal static RootCommand CreateRoot(Terminal terminal, CancellationToken stop)
    {
        RootCommand root = new("Fovea, a Vision Transformer laboratory: train, evaluate and compare image classifiers.")
        {
            TrainCommand.Create(terminal, stop),
            TrainCommand.CreateFineTune(terminal, stop),
            EvalCommand.Create(terminal, stop),
            PredictCommand.Create(terminal),
            ExplainCommand.Create(terminal),
            CompareCommand.Create(terminal, stop),
            CellCommand.Create(terminal, stop),
            RunsCommand.Create(terminal),
            ModelsCommand.Create(terminal),
            DevicesCommand.Create(terminal),
            BenchCommand.Create(terminal),
            EstimateCommand.Create(terminal),
            ProbeCommand.Create(terminal, stop),
            PseudoLabelCommand.Create(terminal, stop),
            ApproximateCommand.Create(terminal),
            DataCommand.Create(terminal, stop),
            WeightsCommand.Create(terminal),
            ExportCommand.Create(terminal),
            VerifyCommand.Create(terminal, stop),
            ServeCommand.Create(terminal, stop),
            StudioCommand.Create(terminal, stop),
        };
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

    /// <summary>Waits on ranks other than 0, which most often has the same to say: its end is that of all, and this
    /// process hears of it by a signal.</summary>
    private static void LetRank0Speak(CancellationToken stop)
    {
        if (Launcher.Current is { Rank: > 0 } && stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(3)))
            Thread.Sleep(Timeout.Infinite);   // whoever heard the signal ends the process
    }

    private static int Complain(ParseResult parsed, Terminal terminal)
    {
        if (Launcher.Current is { Rank: > 0 }) return ExitCode.Usage;   // rank 0 got the same line, and says so
        Command command = parsed.CommandResult.Command;
        foreach (ParseError error in OptionNames.Causes(parsed))
            terminal.Error.WriteLine("fovea: " + Abridged.Of(OptionNames.MissingArgument(error, parsed)
                ?? error.Message + OptionNames.DidYouMean(error, parsed)));
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
}
