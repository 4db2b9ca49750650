namespace Fovea.Core.Collectives;

/// <summary>The ranks of this process. Transports make themselves known here, so that what communicates names
/// none.</summary>
public static class Collective
{
    private static readonly Lock Gate = new();
    private static readonly List<Func<Launcher, ICollective>> Transports = [];

    private static ICollective? _opened;

    /// <summary>Makes a transport known. It is asked in a run that a launcher started, and in no other.</summary>
    public static void Register(Func<Launcher, ICollective> open)
    {
        lock (Gate) Transports.Add(open);
    }

    /// <summary>The ranks of this run, the same ones in every call: those that a launcher started, or this process
    /// alone.</summary>
    /// <exception cref="UsageException">A launcher started several processes, and there is no transport between
    /// them.</exception>
    public static ICollective Open()
    {
        lock (Gate) return _opened ??= Open(Launcher.Current, Transports);
    }

    internal static ICollective Open(Launcher? launcher, IReadOnlyList<Func<Launcher, ICollective>> transports)
    {
        // Slurm starts everything through itself, a single process too, and needs no transport for it.
        if (launcher is null or { Kind: LauncherKind.Slurm, Size: 1 }) return SingleProcess.Instance;
        if (transports is [var open, ..]) return open(launcher);
        throw new UsageException($"{launcher} started this process, which has no transport to other ones.");
    }
}
