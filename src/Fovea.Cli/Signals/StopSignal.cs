using System.Runtime.InteropServices;

namespace Fovea.Cli.Signals;

/// <summary>A signal that asks this process to end.</summary>
/// <param name="Name">For example <c>SIGTERM</c>.</param>
/// <param name="Number">Its number on this system.</param>
/// <param name="Raw">The same for .NET, which has names of its own for some.</param>
/// <param name="IsRequest">It announces an end, as schedulers do minutes before, and never ends the process at
/// once.</param>
internal sealed record StopSignal(string Name, int Number, PosixSignal Raw, bool IsRequest = false)
{
    /// <summary>Ctrl-C.</summary>
    public static StopSignal Interrupt { get; } = new("SIGINT", 2, PosixSignal.SIGINT);

    /// <summary>All that this system has.</summary>
    public static IReadOnlyList<StopSignal> All { get; } =
    [
        Interrupt, new("SIGTERM", 15, PosixSignal.SIGTERM), new("SIGHUP", 1, PosixSignal.SIGHUP),
        .. OperatingSystem.IsWindows() ? Array.Empty<StopSignal>() : [User()],
    ];

    /// <summary>Exit code of a process that ended because of it, as shells have it: 130 for SIGINT, 143 for
    /// SIGTERM.</summary>
    public int ExitCode => 128 + Number;

    /// <summary>True for the exit code of a process that a signal ended, after saving or not.</summary>
    public static bool IsExitCode(int code) => All.Any(signal => signal.ExitCode == code);

    /// <summary>SIGUSR1; its number is that of this system, and .NET takes it as it is.</summary>
    private static StopSignal User()
    {
        int number = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? 10 : 30;   // 30 on macOS and the BSDs
        return new("SIGUSR1", number, (PosixSignal)number, IsRequest: true);
    }
}
