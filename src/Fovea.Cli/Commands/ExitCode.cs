namespace Fovea.Cli.Commands;

/// <summary>The exit code of the process.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The work failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line or a recipe is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by Ctrl-C, after saving; other signals have 128 and their number (<see
    /// cref="Signals.StopSignal.ExitCode"/>).</summary>
    public const int Interrupted = 130;
}
