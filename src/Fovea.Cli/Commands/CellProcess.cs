using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fovea.Cli.Display;
using Fovea.Cli.Signals;
using Fovea.Core.Collectives;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Lab.Studies;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Cli.Commands;

/// <summary>
/// Trains each cell of a study in a process of its own: its peak memory is its own, its threads and buffers end with
/// it, and a cell that the system kills takes no other with it. Results are those of <c>fovea train</c>, bit for bit.
/// </summary>
/// <param name="idle">With time that nothing else wants.</param>
internal sealed class CellProcess(bool idle)
{
    private readonly ConcurrentDictionary<int, byte> _running = new();   // a set of process ids

    /// <inheritdoc cref="CellTrainer"/>
    public CellOutcome Train(StudyCell cell, Recipe recipe, Action<RunEvent> logged, CancellationToken stop)
    {
        Directory.CreateDirectory(cell.Run.Path);
        string file = Path.Combine(cell.Run.Path, "recipe.yaml");
        AtomicFile.WriteText(file, RecipeFile.Print(recipe));

        using Process process = Start(file);
        _running[process.Id] = 0;
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using (stop.Register(() => Ask(process)))
        {
            while (process.StandardOutput.ReadLine() is string line)
                if (Parse(line) is RunEvent entry) logged(entry);
            process.WaitForExit();
            _running.TryRemove(process.Id, out _);
        }

        return process.ExitCode == ExitCode.Success || StopSignal.IsExitCode(process.ExitCode)
            ? new CellOutcome()
            : new CellOutcome(Reason(errors.Result, process.ExitCode), process.ExitCode == CellCommand.Diverged);
    }

    /// <summary>Sends a signal to the cells in progress.</summary>
    /// <param name="signal">Its name, as <c>kill</c> knows it.</param>
    public void Signal(string signal)
    {
        foreach (int id in _running.Keys)
        {
            using Process kill = Process.Start("kill", [$"-{signal}", id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    private Process Start(string recipe)
    {
        (string program, string[] before) = Program();
        string[] arguments = idle ? [.. before, "cell", recipe, "--idle"] : [.. before, "cell", recipe];
        // threads inherit their priority, so the process has to begin with it
        if (idle && !OperatingSystem.IsWindows())
            (program, arguments) = ("nice", ["-n", IdleSession.Niceness, program, .. arguments]);
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,   // stays open as long as this process lives
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Launcher.Forget(start.Environment);
        Process process = Process.Start(start)!;
        if (idle && OperatingSystem.IsWindows()) process.PriorityClass = ProcessPriorityClass.Idle;
        return process;
    }

    /// <summary>This program, however it was started: as an executable of its own, or by <c>dotnet</c> from its
    /// assembly.</summary>
    internal static (string Program, string[] Arguments) Program()
    {
        string running = Environment.ProcessPath ?? "", assembly = typeof(CellProcess).Assembly.Location;
        string name = Path.GetFileNameWithoutExtension(running);
        return assembly.Length == 0 || name == Path.GetFileNameWithoutExtension(assembly)
            ? (running, [])
            : (name == "dotnet" ? running : "dotnet", [assembly]);
    }

    private static void Ask(Process process)
    {
        try
        {
            process.StandardInput.WriteLine(CellCommand.Stop);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    private static RunEvent? Parse(string line)
    {
        try
        {
            return JsonText.Read<RunEvent>(line);
        }
        catch (JsonException)
        {
            return null;   // cut short when the process was killed
        }
    }

    private static string Reason(string errors, int code)
    {
        string said = string.Join(' ', errors
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(line => !line.StartsWith(JsonDisplay.Warning, StringComparison.Ordinal))
            .Select(line => line.StartsWith("fovea: ", StringComparison.Ordinal) ? line["fovea: ".Length..] : line));
        return said.Length > 0 ? said : code > 128
            ? $"its process was killed by signal {code - 128}; perhaps memory ran out."
            : $"its process ended with code {code}.";
    }
}
