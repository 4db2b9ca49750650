using System.Runtime.InteropServices;
using Fovea.Core.Collectives;

namespace Fovea.Cli.Signals;

/// <summary>Ctrl-C, SIGTERM and SIGHUP. Where there is something to save (<see cref="Hold"/>), the first is a token:
/// the work finishes its step and saves, and the second ends the process. Everywhere else the first ends it, whatever
/// it does.</summary>
internal sealed class Interrupts : IDisposable
{
    private static int _held;

    private readonly int _exitCode;
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="exitCode">Exit code of a process that ends at once.</param>
    public Interrupts(int exitCode)
    {
        _exitCode = exitCode;
        _registrations =
            [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle)];
    }

    public CancellationToken Token => _source.Token;

    /// <summary>From here on the work listens to the token, and has something to save.</summary>
    public static void Hold() => Interlocked.Increment(ref _held);

    /// <summary>The end of <see cref="Hold"/>.</summary>
    public static void Release() => Interlocked.Decrement(ref _held);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        bool isFirst = !_source.IsCancellationRequested;
        context.Cancel = isFirst;
        if (!isFirst) return;
        _source.Cancel();
        if (Volatile.Read(ref _held) == 0) End();
    }

    private void End()
    {
        try
        {
            // A launcher ends all ranks so, and the one that was the reason has said it.
            if (Launcher.Current is not null) return;
            if (!Console.IsOutputRedirected) Console.Out.Write("\u001b[?25h");   // a progress bar hides the cursor
            Console.Error.WriteLine("fovea: interrupted.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Nobody listens.
        }
        finally
        {
            Environment.Exit(_exitCode);
        }
    }
}
