using Fovea.Core.Collectives;
using Fovea.Mpi.Native;

namespace Fovea.Mpi;

/// <summary>The MPI library of this machine as the transport of <see cref="Collective"/>.</summary>
public static class MpiTransport
{
    private static int _registered;

    /// <summary>Makes it known to <see cref="Collective.Open()"/>; calls after the first do nothing. Nothing is loaded
    /// before a run that a launcher started asks for its ranks.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref _registered, 1) == 0) Collective.Register(Open);
    }

    private static MpiCollective Open(Launcher launcher)
    {
        MpiLibrary library = MpiFiles.Load(launcher);
        MpiCollective ranks = new(library);
        try
        {
            RequireWhole(launcher, ranks.Size, library.Text);
        }
        catch (UsageException)
        {
            ranks.Finish();   // each process is a whole run for this library
            throw;
        }

        return ranks;
    }

    /// <summary>Refuses a run whose processes do not find each other: each would be a run of one rank.</summary>
    internal static void RequireWhole(Launcher launcher, int size, string library)
    {
        if (launcher.Size is not int started || started == size) return;
        throw new UsageException($"{launcher} started {started} processes, but {library} sees {size} of them as one "
            + "run.")
        {
            Remedy = launcher.Kind == LauncherKind.Slurm
                ? "Give srun's option mpi the interface that the library was built with (pmix or pmi2; 'srun' lists "
                    + "those it has with mpi=list), or start the run with the library's own mpirun inside the job."
                : $"Start it with the launcher of that library, or name the library of this launcher in "
                    + $"{MpiFiles.Variable}.",
        };
    }
}
