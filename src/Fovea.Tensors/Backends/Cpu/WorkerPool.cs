using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Fovea.Core.Timelines;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Placement;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>
/// A fixed set of threads for one loop at a time. Who computes which part is left to chance, so results cannot depend
/// on it; and what a part sums up is cut from the shapes alone, so they do not depend on the number of threads. Workers
/// spin briefly for the next loop, then park. On a machine with several memory nodes, each node begins with a part of
/// the range that is its own in every loop, and then helps the others.
/// </summary>
[SuppressMessage("Design", "CA1001",
    Justification = "A pool lives as long as its device, which is as long as the process.")]
internal sealed class WorkerPool
{
    // some 50 microseconds: the loops of a step follow each other faster than that
    private const int SpinRounds = 2000;

    [ThreadStatic]
    private static bool _isInLoop;

    private readonly Lock _turn = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly int[] _nodes;         // of each thread
    private readonly int[] _threadsBefore;   // threads of earlier nodes, of each node
    private Loop _loop;
    private int _parked, _refused;

    /// <param name="threads">Threads that compute, the calling one included.</param>
    /// <param name="placement">Processors of the threads; null: the system's choice.</param>
    internal WorkerPool(int threads, ThreadPlacement? placement = null)
    {
        Threads = threads;
        _nodes = placement?.Nodes ?? new int[threads];
        Nodes = placement?.NodeCount ?? 1;
        _threadsBefore = [.. Enumerable.Range(0, Nodes + 1).Select(node => _nodes.Count(other => other < node))];
        _loop = new(this, 0, static _ => { });
        using CountdownEvent? placed = placement is null || threads == 1 ? null : new(threads - 1);
        for (int i = 1; i < threads; i++)
        {
            int thread = i;
            void Start()
            {
                if (placement is not null && !ThreadAffinity.Pin(placement.ProcessorOf(thread)))
                    Interlocked.Increment(ref _refused);
                placed?.Signal();
                Work(_nodes[thread]);
            }

            new Thread(Start) { IsBackground = true, Name = $"fovea worker {i}" }.Start();
        }

        placed?.Wait();
        Note = placement is null ? null : _refused == 0 ? placement.Note
            : "the system refused to pin threads to cores; they go where it puts them.";
    }

    internal int Threads { get; }

    /// <summary>Memory nodes that the threads are on.</summary>
    internal int Nodes { get; }

    /// <summary>Result of the placement, in a sentence; null: none was asked for.</summary>
    internal string? Note { get; }

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
        if (_isInLoop)
        {
            for (int i = 0; i < count; i++) body(i);
            return;
        }

        if (PartTrace.Loops is { } loops)
        {
            RunMeasured(count, body, loops);
            return;
        }

        if (Threads == 1 || count <= 1)
        {
            using TimelineSpan span = PartTrace.Measure();
            for (int i = 0; i < count; i++) body(i);
            return;
        }

        lock (_turn) Share(new Loop(this, count, body));
    }

    private void Share(Loop loop)
    {
        // a full fence: parked workers are counted after the loop is visible
        Interlocked.Exchange(ref _loop, loop);
        int parked = Volatile.Read(ref _parked);
        if (parked > 0) _wake.Release(parked);
        loop.TakeParts(_nodes[0]);
        loop.Wait();
    }

    /// <summary>One part after the other on this thread, each timed.</summary>
    private static void RunMeasured(int count, Action<int> body, List<long[]> loops)
    {
        long[] parts = new long[count];
        _isInLoop = true;
        try
        {
            long before = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                body(i);
                long after = Stopwatch.GetTimestamp();
                (parts[i], before) = (after - before, after);
            }
        }
        finally
        {
            _isInLoop = false;
        }

        loops.Add(parts);
    }

    private void Work(int node)
    {
        NameOfThread = Thread.CurrentThread.Name;
        Loop? seen = null;
        while (true)
        {
            seen = Next(seen);
            seen.TakeParts(node);
        }
    }

    private Loop Next(Loop? seen)
    {
        for (int i = 0; i < SpinRounds; i++)
        {
            Loop loop = Volatile.Read(ref _loop);
            if (loop != seen) return loop;
            Thread.SpinWait(1);
        }

        Interlocked.Increment(ref _parked);
        while (Volatile.Read(ref _loop) == seen) _wake.Wait();   // a surplus permit only costs one more look
        Interlocked.Decrement(ref _parked);
        return Volatile.Read(ref _loop);
    }

    /// <summary>One loop; a worker that comes late finds nothing left and leaves.</summary>
    internal sealed class Loop
    {
        private const int Line = 16;   // integers of a line of the cache, so that counters do not share one
        private const int RoundsBeforeYield = 200;

        private readonly WorkerPool _pool;
        private readonly int[] _counters;   // a line each: parts that are not finished; of each node, the next part
        private Exception? _failure;

        internal Loop(WorkerPool pool, int count, Action<int> body)
        {
            (_pool, Count, Body) = (pool, count, body);
            _counters = new int[Line * (pool.Nodes + 2)];
            Begin();
        }

        internal int Count { get; }

        internal Action<int> Body { get; }

        /// <summary>All parts are to be computed (again). A worker that is late from the last time may take some of
        /// them.</summary>
        internal void Begin()
        {
            _failure = null;
            Volatile.Write(ref Unfinished, Count);
            for (int node = 0; node < _pool.Nodes; node++) Interlocked.Exchange(ref Next(node), FirstOf(node));
        }

        private ref int Unfinished => ref _counters[Line];

        private ref int Next(int node) => ref _counters[Line * (node + 2)];

        /// <summary>The first part that is a node's own.</summary>
        private int FirstOf(int node) => (int)((long)Count * _pool._threadsBefore[node] / _pool.Threads);

        internal void TakeParts(int node)
        {
            _isInLoop = true;
            int done = TakePartsOf(node);
            for (int other = 1; other < _pool.Nodes; other++) done += TakePartsOf((node + other) % _pool.Nodes);
            _isInLoop = false;
            if (done > 0) Interlocked.Add(ref Unfinished, -done);
        }

        private int TakePartsOf(int node)
        {
            ref int next = ref Next(node);
            int end = FirstOf(node + 1), done = 0;
            if (Volatile.Read(ref next) >= end) return 0;
            for (int part = Interlocked.Increment(ref next) - 1; part < end; part = Interlocked.Increment(ref next) - 1)
            {
                done++;
                try
                {
                    using TimelineSpan span = PartTrace.Measure();
                    if (_failure is null) Body(part);
                }
                catch (Exception failure)   // carried to the caller of Run, whatever it is
                {
                    Interlocked.CompareExchange(ref _failure, failure, null);
                }
            }

            return done;
        }

        internal void Wait()
        {
            for (int i = 0; i < RoundsBeforeYield && Volatile.Read(ref Unfinished) > 0; i++) Thread.SpinWait(1);
            while (Volatile.Read(ref Unfinished) > 0) Thread.Yield();
            if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        }
    }
}
