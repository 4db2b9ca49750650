using Fovea.Core.Collectives;

namespace Fovea.Core.Tests.Collectives;

public sealed class LauncherTests
{
    [Theory]
    [InlineData("", null, null, null)]
    [InlineData("PATH=/usr/bin SLURM_JOB_ID=7 SLURM_NTASKS=4 SLURM_PROCID=0", null, null, null)]   // a batch script
    [InlineData("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=2 PMIX_RANK=2", LauncherKind.OpenMpi, 4, 2)]
    [InlineData("PMI_SIZE=3 PMI_RANK=1", LauncherKind.Pmi, 3, 1)]
    [InlineData("MV2_COMM_WORLD_SIZE=3 MV2_COMM_WORLD_RANK=0", LauncherKind.Pmi, 3, 0)]
    [InlineData("SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=8 SLURM_NTASKS=9 SLURM_PROCID=5", LauncherKind.Slurm, 8, 5)]
    [InlineData("SLURM_STEPID=0 SLURM_NTASKS=8 SLURM_PROCID=5", LauncherKind.Slurm, 8, 5)]
    [InlineData("SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=8 PMI_SIZE=8 PMI_RANK=1", LauncherKind.Slurm, 8, 1)]
    [InlineData("SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=2 PMI_SIZE=8 PMI_RANK=1", LauncherKind.Pmi, 8, 1)]
    [InlineData("SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=2 OMPI_COMM_WORLD_SIZE=8", LauncherKind.OpenMpi, 8, null)]
    [InlineData("PMIX_RANK=3", LauncherKind.Pmix, null, 3)]
    [InlineData("PMI_SIZE=many OMPI_COMM_WORLD_SIZE=", null, null, null)]
    public void The_environment_tells_which_it_is(string environment, LauncherKind? kind, int? size, int? rank) =>
        Assert.Equal(kind is null ? null : new Launcher(kind.Value, size, rank), Launcher.Find(Variables(environment)));

    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0 PMIX_RANK=0 PMIX_NAMESPACE=1 PRTE_MCA_x=1 OMPI_MCA_y=2")]
    [InlineData("PMI_SIZE=1 PMI_RANK=0 PMI_FD=7")]
    [InlineData("MV2_COMM_WORLD_SIZE=1 MV2_COMM_WORLD_RANK=0")]
    [InlineData("SLURM_STEP_ID=0 SLURM_STEPID=0 SLURM_STEP_NUM_TASKS=1 SLURM_NTASKS=1 SLURM_PROCID=0")]
    public void A_process_that_is_no_rank_finds_no_launcher(string variables)
    {
        Dictionary<string, string?> environment = $"PATH=/usr/bin SLURM_JOB_ID=7 {variables}".Split(' ')
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => (string?)pair[1]);
        Assert.NotNull(Launcher.Find(environment.GetValueOrDefault));
        Launcher.Forget(environment);
        Assert.Equal(["PATH", "SLURM_JOB_ID"], environment.Keys);
        Assert.Null(Launcher.Find(environment.GetValueOrDefault));
    }

    [Fact]
    public void A_run_that_no_launcher_started_asks_no_transport()
    {
        Func<Launcher, ICollective> never = _ => throw new InvalidOperationException("asked");

        Assert.Same(SingleProcess.Instance, Collective.Open(null, [never]));
        Assert.Same(SingleProcess.Instance, Collective.Open(new Launcher(LauncherKind.Slurm, 1, 0), [never]));
        Assert.Throws<InvalidOperationException>(() => Collective.Open(new Launcher(LauncherKind.Pmi, 1, 0), [never]));
        Assert.Throws<UsageException>(() => Collective.Open(new Launcher(LauncherKind.Pmi, 2, 0), []));
    }

    [Fact]
    public void One_process_is_rank_0_of_1_and_has_nobody_to_talk_to()
    {
        SingleProcess one = SingleProcess.Instance;
        float[] values = [1, 2];
        one.AllReduce(values);
        one.Broadcast<float>(values);
        one.Barrier();

        Assert.Equal((0, 1, 0, 1), (one.Rank, one.Size, one.LocalRank, one.LocalSize));
        Assert.Equal([1, 2], values);
        Assert.Equal([[7, 8]], one.Gather([7, 8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.Send([1], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.Receive(new byte[1], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.Broadcast(new byte[1], 1));
    }

    private static Func<string, string?> Variables(string environment)
    {
        Dictionary<string, string> all = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => all.GetValueOrDefault(name);
    }

    [Fact]
    public void Work_of_one_process_is_not_done_by_several()
    {
        Launcher.RequireOne(null, "train");
        Launcher.RequireOne(new(LauncherKind.OpenMpi, 1, 0), "train");
        Launcher.RequireOne(new(LauncherKind.Pmix, null, 0), "train");

        UsageException error = Assert.Throws<UsageException>(
            () => Launcher.RequireOne(new(LauncherKind.Slurm, 4, 2), "train"));

        Assert.Equal("srun (Slurm) started 4 processes, and 'train' works in one: each would do all of the work.",
            error.Message);
    }
}
