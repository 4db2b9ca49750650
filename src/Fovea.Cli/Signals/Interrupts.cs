using System.Diagnostics;
using System.Runtime.InteropServices;
using Fovea.Core.Collectives;

namespace Fovea.Cli.Signals;

/// <summary>Ctrl-C, SIGTERM, SIGHUP and SIGUSR1. Where there is something to save (<see cref="Hold"/>), the first is a
/// token: the work finishes its step and saves, and the second ends the process. Everywhere else the first ends it,
/// whatever it does.</summary>
internal sealed class Interrupts : IDisposable
{
    /// <summary>One request that comes twice: a launcher passes signals on, and what stopped the launcher may have told
    /// its processes itself.</summary>
    private static readonly TimeSpan Echo = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static int _held;
    private static StopSignal? _first;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private long _urged;

    public Interrupts() => _registrations =
        [.. StopSignal.All.Select(signal => PosixSignalRegistration.Create(signal.Raw, context =>
        {
            context.Cancel = true;
            Handle(signal);
        }))];

    public CancellationToken Token => _source.Token;

    /// <summary>The signal that asked for the end; Ctrl-C where the work was stopped in another way.</summary>
    public static StopSignal First => Volatile.Read(ref _first) ?? StopSignal.Interrupt;

    /// <summary>From here on the work listens to the token, and has something to save.</summary>
    public static void Hold() => Interlocked.Increment(ref _held);

    /// <summary>The end of <see cref="Hold"/>.</summary>
    public static void Release() => Interlocked.Decrement(ref _held);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(StopSignal signal)
    {
        long urged = signal.IsRequest ? 0 : Interlocked.CompareExchange(ref _urged, Stopwatch.GetTimestamp(), 0);
        if (Interlocked.CompareExchange(ref _first, signal, null) is null)
        {
            _source.Cancel();
            if (Volatile.Read(ref _held) == 0) End(signal, "fovea: interrupted.");
        }
        else if (urged != 0 && Stopwatch.GetElapsedTime(urged) > Echo)
            End(signal, $"fovea: {signal.Name} came again; ends without saving.");
    }

    private static void End(StopSignal signal, string message)
    {
        try
        {
            // A launcher ends all ranks so, and the one that was the reason has said it.
            if (Launcher.Current is not null) return;
            if (!Console.IsOutputRedirected) Console.Out.Write("\u001b[?25h");   // a progress bar hides the cursor
            Console.Error.WriteLine(message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Nobody listens.
        }
        finally
        {
            new Thread(() =>
            {
                Thread.Sleep(Patience);
                Process.GetCurrentProcess().Kill();   // what ends with the process hangs
            })
            { IsBackground = true }.Start();
            Environment.Exit(signal.ExitCode);
        }
    }
}
