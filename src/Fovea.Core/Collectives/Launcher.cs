using System.Globalization;

namespace Fovea.Core.Collectives;

/// <summary>Families of programs that start the ranks of a run.</summary>
public enum LauncherKind
{
    /// <summary>Open MPI's mpirun.</summary>
    OpenMpi,

    /// <summary>mpiexec of MPICH, Intel MPI, MVAPICH or MS-MPI, or another one that speaks PMI.</summary>
    Pmi,

    /// <summary>srun without an interface for MPI, or with one that leaves no other trace.</summary>
    Slurm,

    /// <summary>Another one that speaks PMIx.</summary>
    Pmix,
}

/// <summary>The program that started this process as one of several, as its environment tells.</summary>
/// <param name="Kind">Family.</param>
/// <param name="Size">Number of processes that it started; null where it does not say.</param>
/// <param name="Rank">Number of this one; null where it does not say.</param>
public sealed record Launcher(LauncherKind Kind, int? Size, int? Rank)
{
    private const string StepId = "SLURM_STEP_ID", OldStepId = "SLURM_STEPID", StepTasks = "SLURM_STEP_NUM_TASKS",
        Tasks = "SLURM_NTASKS", TaskNumber = "SLURM_PROCID";

    private static readonly string[] Prefixes = ["OMPI_", "MV2_COMM_WORLD_", "PMI_", "PMIX_", "PRTE_"];
    private static readonly string[] OfSlurm = [StepId, OldStepId, StepTasks, Tasks, TaskNumber];

    private static readonly Lazy<Launcher?> Found = new(() => Find(Environment.GetEnvironmentVariable));

    /// <summary>The one that started this process; null where a person or a script did.</summary>
    public static Launcher? Current => Found.Value;

    /// <summary>The one that an environment tells of. A launcher that runs inside a job of Slurm leaves both traces,
    /// and started the processes itself.</summary>
    /// <param name="variable">Looks a variable up.</param>
    public static Launcher? Find(Func<string, string?> variable)
    {
        int? Number(string name) => int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture,
            out int number) ? number : null;

        if (Number("OMPI_COMM_WORLD_SIZE") is int open)
            return new(LauncherKind.OpenMpi, open, Number("OMPI_COMM_WORLD_RANK"));
        if (Number("MV2_COMM_WORLD_SIZE") is int mvapich)
            return new(LauncherKind.Pmi, mvapich, Number("MV2_COMM_WORLD_RANK"));
        // In a step of srun, and not in the script around it, which has SLURM_NTASKS as well.
        int? tasks = (Number(StepId) ?? Number(OldStepId)) is null ? null : Number(StepTasks) ?? Number(Tasks);
        if (Number("PMI_SIZE") is int size)
            return new(tasks == size ? LauncherKind.Slurm : LauncherKind.Pmi, size, Number("PMI_RANK"));
        if (tasks is not null) return new(LauncherKind.Slurm, tasks, Number(TaskNumber));
        return Number("PMIX_RANK") is int rank ? new(LauncherKind.Pmix, null, rank) : null;
    }

    /// <summary>Removes what a launcher left in an environment, for a process that is no rank: it would look for the
    /// others.</summary>
    /// <param name="environment">Variables of the process that is to be started.</param>
    public static void Forget(IDictionary<string, string?> environment)
    {
        foreach (string name in environment.Keys.Where(name => OfSlurm.Contains(name)
            || Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal))).ToArray())
            environment.Remove(name);
    }

    /// <summary>Refuses several processes for work that one does: each would do all of it, and write it to the same
    /// place.</summary>
    /// <param name="launcher">Who started this process; null: nobody.</param>
    /// <param name="work">The work, e.g. <c>train</c>.</param>
    /// <exception cref="UsageException">There are several.</exception>
    public static void RequireOne(Launcher? launcher, string work)
    {
        if (launcher is not { Size: > 1 }) return;
        throw new UsageException($"{launcher} started {launcher.Size} processes, and '{work}' works in one: each would "
            + "do all of the work.")
        {
            Remedy = "Start one (mpirun -np 1, srun -n 1); several runs are several commands.",
        };
    }

    /// <summary>Its name, for a sentence.</summary>
    public override string ToString() => Kind switch
    {
        LauncherKind.OpenMpi => "mpirun (Open MPI)",
        LauncherKind.Pmi => "mpiexec (PMI)",
        LauncherKind.Slurm => "srun (Slurm)",
        _ => "a launcher (PMIx)",
    };
}
