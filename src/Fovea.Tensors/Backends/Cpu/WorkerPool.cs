using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Fovea.Core.Timelines;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>
/// A fixed set of threads for one loop at a time. The loop's parts are cut by its caller, from the shapes alone; who
/// computes which part is left to chance, so results cannot depend on the number of threads. Workers spin briefly for
/// the next loop, then park.
/// </summary>
[SuppressMessage("Design", "CA1001",
    Justification = "A pool lives as long as its device, which is as long as the process.")]
internal sealed class WorkerPool
{
    // some 50 microseconds: the loops of a step follow each other faster than that
    private const int SpinRounds = 2000;

    private readonly Lock _turn = new();
    private readonly SemaphoreSlim _wake = new(0);
    private Loop _loop = new(0, static _ => { });
    private int _parked;

    /// <param name="threads">Threads that compute, the calling one included.</param>
    internal WorkerPool(int threads)
    {
        Threads = threads;
        for (int i = 1; i < threads; i++) new Thread(Work) { IsBackground = true, Name = $"fovea worker {i}" }.Start();
    }

    internal int Threads { get; }

    /// <summary>Name of this thread if it belongs to a pool; null: it does not.</summary>
    [field: ThreadStatic]
    internal static string? NameOfThread { get; private set; }

    /// <summary>Calls <paramref name="body"/> with 0 .. <paramref name="count"/>-1 and returns when all calls have.
    /// Within a body: sequential.</summary>
    internal void Run(int count, Action<int> body)
    {
        if (PassRecording.Current is { } recording)
        {
            recording.Add(count, body);
            try
            {
                Start(count, body);
            }
            finally
            {
                recording.Resume();
            }

            return;
        }

        Start(count, body);
    }

    /// <summary>Runs a loop that ran before, again; no two at a time may be the same.</summary>
    internal void Run(Loop loop)
    {
        if (Threads == 1 || loop.Count == 1)
        {
            using TimelineSpan span = PartTrace.Measure();
            for (int i = 0; i < loop.Count; i++) loop.Body(i);
            return;
        }

        lock (_turn)
        {
            loop.Begin();
            Share(loop);
        }
    }

    private void Start(int count, Action<int> body)
    {
        if (Threads == 1 || count <= 1 || _turn.IsHeldByCurrentThread)
        {
            using TimelineSpan span = _turn.IsHeldByCurrentThread ? default : PartTrace.Measure();
            for (int i = 0; i < count; i++) body(i);
            return;
        }

        lock (_turn) Share(new Loop(count, body));
    }

    private void Share(Loop loop)
    {
        // a full fence: parked workers are counted after the loop is visible
        Interlocked.Exchange(ref _loop, loop);
        int parked = Volatile.Read(ref _parked);
        if (parked > 0) _wake.Release(parked);
        loop.TakeParts();
        loop.Wait();
    }

    private void Work()
    {
        NameOfThread = Thread.CurrentThread.Name;
        Loop? seen = null;
        while (true)
        {
            seen = Next(seen);
            seen.TakeParts();
        }
    }

    private Loop Next(Loop? seen)
    {
        for (int i = 0; i < SpinRounds; i++)
        {
            Loop loop = Volatile.Read(ref _loop);
            if (loop != seen) return loop;
            Thread.SpinWait(10);
        }

        Interlocked.Increment(ref _parked);
        while (Volatile.Read(ref _loop) == seen) _wake.Wait();   // a surplus permit only costs one more look
        Interlocked.Decrement(ref _parked);
        return Volatile.Read(ref _loop);
    }

    /// <summary>One loop; a worker that comes late finds nothing left and leaves.</summary>
    internal sealed class Loop
    {
        private int _next, _unfinished;
        private Exception? _failure;

        internal Loop(int count, Action<int> body) => (Count, Body, _unfinished) = (count, body, count);

        internal int Count { get; }

        internal Action<int> Body { get; }

        /// <summary>All parts are to be computed again. A worker that is late from the last time may take some of
        /// them.</summary>
        internal void Begin()
        {
            _failure = null;
            Volatile.Write(ref _unfinished, Count);
            Interlocked.Exchange(ref _next, 0);
        }

        internal void TakeParts()
        {
            for (int part = Interlocked.Increment(ref _next) - 1; part < Count;
                part = Interlocked.Increment(ref _next) - 1)
            {
                try
                {
                    using TimelineSpan span = PartTrace.Measure();
                    if (_failure is null) Body(part);
                }
                catch (Exception failure)   // carried to the caller of Run, whatever it is
                {
                    Interlocked.CompareExchange(ref _failure, failure, null);
                }

                Interlocked.Decrement(ref _unfinished);
            }
        }

        internal void Wait()
        {
            SpinWait spin = default;
            while (Volatile.Read(ref _unfinished) > 0)
            {
                if (spin.Count < 100) spin.SpinOnce(sleep1Threshold: -1);
                else Thread.Yield();
            }

            if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        }
    }
}
