namespace Fovea.Training.Tests;

public sealed class RunClockTests
{
    private readonly Time _time = new();

    [Fact]
    public void It_counts_what_it_is_heard_for()
    {
        using RunClock clock = new(_time);
        for (int i = 0; i < 100; i++) Assert.Equal(1.5 * i, After(clock, i == 0 ? 0 : 1.5), 9);
    }

    /// <summary>Standing still is not training, whoever asks first afterwards; a pause for breath is.</summary>
    [Theory]
    [InlineData(4.9, 4.9)]
    [InlineData(5, 0)]
    [InlineData(3600, 0)]
    public void A_long_silence_does_not_count(double silence, double counted)
    {
        using RunClock clock = new(_time);
        After(clock, 2);
        Assert.Equal(2 + counted, After(clock, silence), 9);
        Assert.Equal(2 + counted, clock.Seconds, 9);
        Assert.Equal(3 + counted, After(clock, 1), 9);
        Assert.Equal(3 + 2 * counted, After(clock, silence), 9);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Its_thread_hears_a_process_that_asks_nothing()
    {
        using RunClock clock = new();
        Thread.Sleep(RunClock.Silence + TimeSpan.FromSeconds(1));
        Assert.True(clock.Seconds > RunClock.Silence.TotalSeconds, $"{clock.Seconds} s");
    }

    [Fact]
    public void Processor_time_is_that_of_work()
    {
        using RunClock clock = new(_time);
        long end = Environment.TickCount64 + 200;
        while (Environment.TickCount64 < end) Thread.SpinWait(1000);
        Assert.True(clock.ProcessorSeconds > 0, $"{clock.ProcessorSeconds} s");
    }

    private double After(RunClock clock, double seconds)
    {
        _time.Now += TimeSpan.FromSeconds(seconds);
        return clock.Seconds;
    }

    private sealed class Time : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
