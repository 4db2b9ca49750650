using Fovea.Lab.Benchmarks;

namespace Fovea.Lab.Tests.Benchmarks;

public sealed class BenchmarkTests
{
    /// <summary>A window that opens while training is open in most of it, and takes the time of all products; one that
    /// stays leaves products out, whose number is no share of what the machine could do.</summary>
    [Theory]
    [InlineData("softmax:window=1,until=2", true)]
    [InlineData("softmax:soft=1,fade=3", true)]
    [InlineData("softmax:window=1", false)]
    public void Windows_are_measured_as_they_end(string attention, bool hasShare)
    {
        BenchmarkResult result = Benchmark.Run(new BenchmarkOptions
        {
            Model = "vit-nano",
            Attention = attention,
            BatchSize = 2,
            Steps = 1,
            IsTraining = true,
        });
        Assert.NotNull(result.PeakGflopsPerSecond);
        Assert.Equal(hasShare, result.PeakFraction is not null);
    }
}
