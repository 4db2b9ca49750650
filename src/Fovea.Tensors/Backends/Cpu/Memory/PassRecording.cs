namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>
/// Notes what a pass on this thread does, while it computes as always: the first time which buffers it uses from when
/// to when, the second time, with these in an arena, the loops that it runs.
/// </summary>
/// <remarks>
/// Operators are told apart by the results that they ask for: a primitive asks for none, so what it uses is used until
/// the next request. Loops hold addresses; what lies outside the arena is therefore held here.
/// </remarks>
internal sealed class PassRecording : IPassRecording
{
    private const string OtherSteps = "it does not take the same steps each time";

    private static int _running;   // recordings of all threads

    [ThreadStatic]
    private static PassRecording? _current;

    private readonly BufferPool _pool;
    private readonly CpuStorage? _arena;
    private readonly List<Lifetime> _lifetimes;
    private readonly HashSet<CpuStorage> _open = [], _held = [], _constants = [], _changing = [];
    private readonly List<CpuStorage> _inputs = [], _results = [];
    private readonly Dictionary<CpuStorage, int> _limits = [];
    private readonly List<(CpuStorage Weight, PackedWeight Packed)> _packed = [];
    private readonly List<(int Count, Action<int> Body)> _loops = [];
    private int _next;

    /// <param name="pool">Memory of the device.</param>
    /// <param name="before">The recording that found the lifetimes; null: this one does.</param>
    /// <param name="arena">Memory for them.</param>
    internal PassRecording(BufferPool pool, PassRecording? before = null, CpuStorage? arena = null)
    {
        (_pool, _arena, _lifetimes) = (pool, arena, before?._lifetimes ?? []);
    }

    /// <summary>The recording of this thread; null: none, or within a loop, which belongs to it as a whole.</summary>
    internal static PassRecording? Current => IsRunning ? _current : null;

    /// <summary>Some thread records.</summary>
    internal static bool IsRunning => _running > 0;

    /// <summary>Number of the running operator.</summary>
    internal int Now { get; private set; }

    /// <summary>Why the pass cannot be run again; null: it can.</summary>
    internal string? Refusal { get; private set; }

    /// <summary>Buffers of the pass.</summary>
    internal IReadOnlyList<Lifetime> Lifetimes => _lifetimes;

    /// <summary>Loops in order.</summary>
    internal IReadOnlyList<(int Count, Action<int> Body)> Loops => _loops;

    /// <summary>Memory outside the arena.</summary>
    internal IReadOnlyCollection<CpuStorage> Held => _held;

    /// <summary>Weights of which a kept packed form was read.</summary>
    internal IReadOnlyList<(CpuStorage Weight, PackedWeight Packed)> Packed => _packed;

    /// <summary>Memory into which inputs are written.</summary>
    internal IReadOnlyList<CpuStorage> Inputs => _inputs;

    /// <summary>Memory of the results.</summary>
    internal IReadOnlyList<CpuStorage> Results => _results;

    /// <summary>Random numbers that loops read when they run; the recorded pass changes them.</summary>
    internal Philox[] Streams { get; private set; } = [];

    /// <summary>A buffer is used.</summary>
    internal static void Touch(CpuStorage storage)
    {
        if (storage.Lifetime is { } lifetime) lifetime.Touch();
        else if (!storage.IsView) _current?._held.Add(storage);
    }

    /// <summary>Computes a pass on this thread, and notes it.</summary>
    internal void Watch(Action<IPassRecording> pass)
    {
        Interlocked.Increment(ref _running);
        _current = this;
        try
        {
            pass(this);
        }
        finally
        {
            _current = null;
            Interlocked.Decrement(ref _running);
            if (_arena is not null && _next != _lifetimes.Count) Refuse(OtherSteps);
            if (_open.Count > 0) Refuse("it keeps tensors for the next time");
            foreach (CpuStorage storage in _open) storage.Lifetime = null;
            _open.Clear();
        }
    }

    /// <summary>The pass cannot be run again; the first reason counts.</summary>
    internal void Refuse(string reason) => Refusal ??= reason;

    /// <summary>The next operator begins.</summary>
    internal void Advance() => Now++;

    /// <summary>A buffer for the pass.</summary>
    internal CpuStorage Rent(BufferPool pool, int size)
    {
        if (pool != _pool)
        {
            Refuse("it computes on several devices");
            return pool.Take(size);
        }

        if (_arena is null)
        {
            Lifetime lifetime = new(this, size);
            _lifetimes.Add(lifetime);
            CpuStorage rented = pool.Take(size);
            rented.Lifetime = lifetime;
            _open.Add(rented);
            return rented;
        }

        if (_next >= _lifetimes.Count || _lifetimes[_next].Size != size)
        {
            Refuse(OtherSteps);
            return pool.Take(size);
        }

        CpuStorage view = new(_arena, _lifetimes[_next++].Offset, size);
        _open.Add(view);
        return view;
    }

    /// <summary>A buffer goes back.</summary>
    internal void Return(CpuStorage storage)
    {
        storage.Lifetime = null;
        _open.Remove(storage);
        _constants.Remove(storage);
    }

    /// <summary>A loop begins, of which nothing else is noted until <see cref="Resume"/>.</summary>
    internal void Add(int count, Action<int> body)
    {
        if (count > 0 && _arena is not null) _loops.Add((count, body));   // the first time they would keep its memory
        _current = null;
    }

    /// <summary>The loop has ended.</summary>
    internal void Resume() => _current = this;

    /// <summary>Values of a buffer are about to change.</summary>
    internal void Changes(CpuStorage storage)
    {
        if (storage.Lifetime is null && !storage.IsView && !_changing.Contains(storage))
            Refuse("it changes what outlives it");
        _constants.Remove(storage);
    }

    /// <summary>A buffer was written by the host, with the same values each time.</summary>
    internal void Writes(Storage storage) => _constants.Add((CpuStorage)storage);

    /// <summary>The host reads a buffer. Only what it wrote itself does not depend on the input.</summary>
    internal void Reads(Storage storage)
    {
        if (!_constants.Contains((CpuStorage)storage)) Refuse("it reads values while it computes");
    }

    /// <summary>A kept packed form of a weight is read.</summary>
    internal void Uses(CpuStorage weight, PackedWeight packed)
    {
        _packed.Add((weight, packed));
        _held.Add(weight);
    }

    /// <summary>The place where a loop finds its random numbers when it runs.</summary>
    internal (Philox[] Streams, int Index) Draws(Philox random)
    {
        int index = Array.FindIndex(Streams, one => one.Seed == random.Seed && one.Stream == random.Stream);
        if (index < 0) Refuse("it draws random numbers");
        return index < 0 ? ([random], 0) : (Streams, index);
    }

    /// <summary>Limits of inputs that are indices; none: they are numbers.</summary>
    internal IReadOnlyDictionary<CpuStorage, int> IndexLimits => _limits;

    /// <summary>Notes what indices have to be below, where they are an input.</summary>
    internal bool Limits(Storage indices, int limit)
    {
        if (!IsInput(indices)) return false;
        CpuStorage input = (CpuStorage)indices;
        _limits[input] = Math.Min(limit, _limits.GetValueOrDefault(input, int.MaxValue));
        return true;
    }

    /// <summary>The buffer is an input, written from outside before each run.</summary>
    internal bool IsInput(Storage storage) => _inputs.Contains((CpuStorage)storage);

    void IPassRecording.Input(Storage storage) => _inputs.Add((CpuStorage)storage);

    void IPassRecording.Result(Storage storage)
    {
        Advance();
        _results.Add((CpuStorage)storage);
        foreach (CpuStorage result in _results) Touch(result);
    }

    void IPassRecording.MayChange(Storage storage) => _changing.Add((CpuStorage)storage);

    void IPassRecording.Stream(Philox random) => Streams = [.. Streams, random];
}
