using Fovea.Core.Collectives;
using Fovea.Mpi.Tests.Support;

namespace Fovea.Mpi.Tests;

/// <summary>Every call with several ranks, under both families of MPI.</summary>
public sealed class RankTests
{
    public static TheoryData<string, int> Jobs => [.. from family in (string[])["openmpi", "mpich"]
        from ranks in Enumerable.Range(1, 4) select (family, ranks)];

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Ranks_know_their_number_and_their_place_on_the_machine(string family, int ranks)
    {
        RankProgram.Report report = Ranks.Report(family, ranks);

        Assert.StartsWith(family == "openmpi" ? "Open MPI " : "MPICH ", report.Name);
        Assert.Equal(ranks, report.Size);
        Assert.Equal(Enumerable.Range(0, ranks).Select(rank => $"{rank} of {ranks}, {rank} of {ranks}"), report.Places);
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void All_reduce_gives_every_rank_the_same_sum(string family, int ranks)
    {
        RankProgram.Report report = Ranks.Report(family, ranks);

        Assert.Equal(ranks, report.AllReduce.Length);
        Assert.Single(report.AllReduce.Distinct());
        if (ranks > 2) return;   // the order of two summands does not show; that of more is MPI's choice
        float[] sum = RankProgram.Values(1000, 0);
        if (ranks == 2) sum = [.. sum.Zip(RankProgram.Values(1000, 1), (a, b) => a + b)];
        Assert.Equal(RankProgram.Hex(sum), report.AllReduce[0]);
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Broadcast_gather_and_exchange_bring_bytes_to_where_they_belong(string family, int ranks)
    {
        RankProgram.Report report = Ranks.Report(family, ranks);

        Assert.Equal(Enumerable.Repeat("010203FA", ranks), report.Broadcast);
        Assert.Equal(Enumerable.Range(0, ranks).Select(rank => $"{3 * rank}"), report.Gather);
        Assert.Equal(Enumerable.Range(0, ranks).Select(rank => $"{(ranks == 1 ? -1 : (rank + ranks - 1) % ranks)}"),
            report.Ring);
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void Sums_over_shards_have_the_bits_of_one_process(string family, int ranks)
    {
        RankProgram.Report report = Ranks.Report(family, ranks);

        Assert.Equal(Enumerable.Range(ranks, 9 - ranks), report.Trees.Keys.Order());
        foreach ((int shards, string[] sums) in report.Trees)
            Assert.Equal(Enumerable.Repeat(RankProgram.Tree(SingleProcess.Instance, shards), ranks), sums);
    }

    [Theory]
    [MemberData(nameof(Jobs))]
    public void A_null_reference_is_an_exception_beside_the_library(string family, int ranks) =>
        Assert.Equal(Enumerable.Repeat("True", ranks), Ranks.Report(family, ranks).CaughtNull);
}
