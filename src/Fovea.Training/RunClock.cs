namespace Fovea.Training;

/// <summary>
/// Time of a run, without what the process stood still: stopped (SIGTSTP, SIGSTOP, a debugger), or left without a
/// processor. A thread notes that it still runs; where it was not heard for seconds, nothing ran.
/// </summary>
internal sealed class RunClock : IDisposable
{
    /// <summary>The shortest silence that counts as standing still; collections of garbage and a busy machine are
    /// shorter.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly ManualResetEvent _ends = new(false);
    private readonly Thread? _thread;
    private readonly TimeSpan _processorBefore = Environment.CpuUsage.TotalTime;
    private readonly long _start;
    private TimeSpan _heard, _still;

    /// <summary>Begins to count.</summary>
    public RunClock() : this(TimeProvider.System)
    {
        _thread = new Thread(Listen) { IsBackground = true, Name = "run clock" };
        _thread.Start();
    }

    /// <summary>Begins to count without the thread.</summary>
    internal RunClock(TimeProvider time) => (_time, _start) = (time, time.GetTimestamp());

    /// <summary>Seconds since the beginning in which the process could run.</summary>
    public double Seconds
    {
        get
        {
            // Whoever comes first after a silence takes it off: the one who asks may wake before the thread does.
            lock (_lock)
            {
                TimeSpan now = _time.GetElapsedTime(_start);
                if (now - _heard >= Silence) _still += now - _heard;
                _heard = now;
                return (now - _still).TotalSeconds;
            }
        }
    }

    /// <summary>Seconds that all threads of the process computed since the beginning, added up.</summary>
    public double ProcessorSeconds => (Environment.CpuUsage.TotalTime - _processorBefore).TotalSeconds;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ends.Set();
        _thread?.Join();
        _ends.Dispose();
    }

    private void Listen()
    {
        while (!_ends.WaitOne(Interval)) _ = Seconds;
    }
}
