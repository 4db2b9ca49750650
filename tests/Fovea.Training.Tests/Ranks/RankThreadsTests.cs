using Fovea.Core.Collectives;
using Fovea.Tensors;
using Fovea.Training.Ranks;

namespace Fovea.Training.Tests.Ranks;

public sealed class RankThreadsTests
{
    [Fact]
    public void Processors_are_divided_among_the_ranks_that_may_use_them()
    {
        (string Processors, int Count)[] bound = [("a 0-7", 8), ("a 0-7", 8), ("a 0-7", 8), ("a 8", 1), ("b 0-7", 8)];
        Assert.Equal([2, 2, 2, 1, 8], ThreadRanks.Run(5,
            rank => RankThreads.Of(rank, bound[rank.Rank].Processors, bound[rank.Rank].Count)));
        Assert.Equal([1, 1, 1], ThreadRanks.Run(3, rank => RankThreads.Of(rank, "c 0-1", 2)));
        Assert.Null(RankThreads.Of(SingleProcess.Instance));
    }

    [Fact]
    public void Ranks_that_share_processors_are_not_pinned_to_them()
    {
        int all = Environment.ProcessorCount;
        Assert.Equal("pin", Assert.Throws<UsageException>(() => RankThreads.PinningOf(Pinning.Cores, all - 1)).Field);
        Assert.Equal(Pinning.Cores, RankThreads.PinningOf(Pinning.Cores, all));
        Assert.Equal(Pinning.Cores, RankThreads.PinningOf(Pinning.Cores, null));
        Assert.Equal(Pinning.None, RankThreads.PinningOf(Pinning.None, all - 1));
    }

    [Fact]
    public void Ranks_of_a_machine_have_a_card_each()
    {
        Assert.Equal(["cuda:0", "cuda:1"], ThreadRanks.Run(2, rank => RankThreads.DeviceOf(rank, "cuda", _ => null)));
        Assert.Equal(["cuda:1", "cuda:1"], ThreadRanks.Run(2, rank => RankThreads.DeviceOf(rank, "cuda:1")));
        Assert.Equal(["cpu", "cpu"], ThreadRanks.Run(2, rank => RankThreads.DeviceOf(rank, "cpu")));
        Assert.Equal("cuda", RankThreads.DeviceOf(SingleProcess.Instance, "cuda"));
    }

    [Theory]
    [InlineData("cuda", "CUDA_VISIBLE_DEVICES", "3", "0 0 0")]   // a launcher gave each rank one of its own
    [InlineData("cuda", "CUDA_VISIBLE_DEVICES", "4,7", "0 1 0")]
    [InlineData("cuda", "CUDA_VISIBLE_DEVICES", "GPU-1,GPU-2,GPU-3,GPU-4", "0 1 2")]
    [InlineData("cuda", "CUDA_VISIBLE_DEVICES", "", "0 1 2")]
    [InlineData("cuda", "HIP_VISIBLE_DEVICES", "0", "0 0 0")]
    [InlineData("cuda", "ROCR_VISIBLE_DEVICES", "0,1", "0 1 0")]
    [InlineData("xpu", "ZE_AFFINITY_MASK", "1", "0 0 0")]
    [InlineData("xpu", "CUDA_VISIBLE_DEVICES", "1", "0 1 2")]
    public void Ranks_take_the_cards_that_they_see(string device, string name, string value, string expected) =>
        Assert.Equal(expected.Split(' ').Select(number => $"{device}:{number}"), ThreadRanks.Run(3,
            rank => RankThreads.DeviceOf(rank, device, asked => asked == name ? value : null)));
}
