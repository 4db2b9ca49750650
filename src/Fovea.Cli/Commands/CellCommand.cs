using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Cli.Signals;
using Fovea.Lab.Studies;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;

namespace Fovea.Cli.Commands;

/// <summary>
/// <c>fovea cell RECIPE</c>, which <c>fovea compare</c> starts for each cell and nobody else: trains, or goes on, and
/// writes metrics as JSON lines. It listens to its standard input: <c>stop</c> asks for an end with a checkpoint, and
/// where the input ends, so has the study, and so does the cell.
/// </summary>
internal static class CellCommand
{
    /// <summary>The line of input that asks for an end.</summary>
    public const string Stop = "stop";

    /// <summary>Exit code: the numbers became infinite, which is this cell's own affair.</summary>
    public const int Diverged = 3;

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> file = new("RECIPE") { Description = "Resolved recipe, with its run directory" };
        Option<bool> idle = Make.Switch("--idle", "With time that nothing else wants");
        Command command = new("cell", "Train one cell of a study.") { file, idle };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(idle)) IdleSession.Begin();
            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(stop);
            new Thread(() => Listen(source)) { IsBackground = true, Name = "study" }.Start();
            try
            {
                using WorkInHand work = new();
                CellRun.Carry(RecipeFile.Read(parsed.GetRequiredValue(file), Recipe.Default),
                    new ObserverList(work, new JsonDisplay(terminal.Output, terminal.Error)), source.Token);
                return ExitCode.Success;
            }
            catch (TrainingDivergedException error)
            {
                terminal.Error.WriteLine(error.Message);
                return Diverged;
            }
        });
        return command;
    }

    private static void Listen(CancellationTokenSource source)
    {
        while (Console.In.ReadLine() is string line)
            if (line == Stop) source.Cancel();
        // the study was killed: files are only ever replaced whole, so this may happen at any time
        Environment.Exit(ExitCode.Interrupted);
    }
}
