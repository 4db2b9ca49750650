using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Tests.Codecs.Decoding;

public sealed class DecodeMemoryTests
{
    [Fact]
    public void Many_workers_never_take_more_than_there_is_and_all_come_to_their_turn()
    {
        const long Total = 100;
        DecodeMemory memory = new(Total);
        int done = 0;
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            using DecodeMemory.Lease lease = memory.Take(1 + i * 37 % Total);
            Assert.InRange(memory.Used, 1, Total);
            Interlocked.Increment(ref done);
        });
        Assert.Equal((2000, 0), (done, memory.Used));
    }

    [Fact]
    public async Task What_is_larger_than_all_waits_for_the_others_and_then_has_it_alone()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        DecodeMemory memory = new(100);
        DecodeMemory.Lease small = memory.Take(10);
        bool isThere = false;
        Task large = Task.Run(() =>
        {
            using DecodeMemory.Lease lease = memory.Take(1000);
            Volatile.Write(ref isThere, true);
            Assert.Equal(1000, memory.Used);
        }, stop);
        await Task.Delay(50, stop);
        Assert.False(Volatile.Read(ref isThere));
        small.Dispose();
        await large.WaitAsync(TimeSpan.FromSeconds(30), stop);
        Assert.Equal(0, memory.Used);
    }

    [Fact]
    public void Memory_grows_with_the_limit_of_pixels()
    {
        Assert.Equal(DecodeLimits.Default, DecodeLimits.Of(DecodeLimits.UsualPixels));
        Assert.Equal(6 * 300_000_000L, DecodeLimits.Of(300_000_000).Bytes);
        Assert.Equal(1L << 30, DecodeLimits.Of(1).Bytes);
    }
}
