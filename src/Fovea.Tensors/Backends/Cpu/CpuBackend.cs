using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Placement;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>The choice of an instruction set, once per device.</summary>
internal static class CpuBackend
{
    /// <summary>The names that <c>FOVEA_ISA</c> takes, widest first.</summary>
    internal static readonly string[] InstructionSets = ["avx512", "avx2", "vector128", "scalar"];

    private const string NoPinning =
        "this system does not pin threads to cores; they go where it puts them, and results are the same.";

    /// <param name="threads">Threads that compute; 0: one per core.</param>
    /// <param name="instructionSet">One of <see cref="InstructionSets"/>; null: <c>FOVEA_ISA</c>, else the widest that
    /// the machine has.</param>
    /// <param name="precision">How linear layers compute.</param>
    /// <param name="pinning">Whether threads have processors of their own.</param>
    /// <exception cref="ArgumentException">A negative count, or an instruction set that is unknown or missing
    /// here.</exception>
    internal static Backend Create(int threads, string? instructionSet, Precision precision, Pinning pinning)
    {
        if (threads is < 0 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(threads), threads,
                "Device: threads must be 0 (all cores) to 1024.");
        if (threads == 0) threads = Environment.ProcessorCount;
        string? asked = instructionSet ?? Environment.GetEnvironmentVariable("FOVEA_ISA");
        string name = string.IsNullOrEmpty(asked) ? InstructionSets.First(IsSupported) : asked.ToLowerInvariant();
        if (!InstructionSets.Contains(name))
            throw new ArgumentException(
                $"Device: no instruction set is called '{asked}'; there are {string.Join(", ", InstructionSets)}.");
        if (!IsSupported(name))
            throw new ArgumentException(
                $"Device: this machine has no {name}; leave FOVEA_ISA unset to take what it has.");
        IReadOnlyList<Processor> processors = pinning == Pinning.Cores ? ProcessorTopology.OfThisProcess() : [];
        ThreadPlacement? placement = processors.Count == 0 ? null : ThreadPlacement.Of(threads, processors);
        string? note = pinning == Pinning.Cores && placement is null ? NoPinning : null;
        return name switch
        {
            "avx512" => new CpuBackend<Simd512>(threads, precision, placement, note),
            "avx2" => new CpuBackend<Simd256>(threads, precision, placement, note),
            "vector128" => new CpuBackend<Simd128>(threads, precision, placement, note),
            _ => new CpuBackend<SimdScalar>(threads, precision, placement, note),
        };
    }

    private static bool IsSupported(string instructionSet) => instructionSet switch
    {
        "avx512" => Vector512.IsHardwareAccelerated && Avx512F.IsSupported,
        "avx2" => Avx2.IsSupported && Fma.IsSupported,
        "vector128" => Vector128.IsHardwareAccelerated,
        _ => true,
    };
}

/// <summary>The CPU: SIMD kernels of one width over a worker pool.</summary>
internal sealed unsafe partial class CpuBackend<V> : Backend
    where V : struct, ISimd<V>
{
    /// <summary>Elements per part of an elementwise loop: a fixed cut, small enough to balance, large enough to hide
    /// the hand-over.</summary>
    private const int ElementsPerPart = 16384;

    /// <summary>Threads that the usual cuts keep busy; for more, loops are cut finer where that changes no
    /// sum.</summary>
    private const int FewThreads = MinimumParts / 2;

    private const int Alignment = 16;   // elements of the widest vector

    private readonly BufferPool _buffers;
    private readonly WorkerPool _pool;

    private readonly Precision _precision;
    private readonly bool _assemblesPairs, _assemblesBytes;

    internal CpuBackend(int threads, Precision precision, ThreadPlacement? placement = null, string? note = null)
    {
        _precision = precision;
        // Assembled for whoever computes with them alone: single precision starts without.
        bool isWide = V.Count == Simd512.Count;
        _assemblesPairs = isWide && precision != Precision.Fp32 && AssembledTiles.OfPairs is not null;
        _assemblesBytes = isWide && precision == Precision.Int8 && AssembledTiles.OfBytes is not null;
        _pool = new WorkerPool(threads, placement);
        _buffers = new BufferPool(this, _pool.Nodes > 1 ? TouchFirst : null);
        Placement = note ?? _pool.Note;
    }

    public override int Threads => _pool.Threads;

    public override string? Placement { get; }

    public override bool HasGradients => _precision != Precision.Int8;

    /// <summary>Parts that give all threads something to do, at least <see cref="MinimumParts"/>. Only for cuts that
    /// change no sum: they depend on the number of threads.</summary>
    private int WantedParts => Math.Max(MinimumParts, 2 * Threads);

    public override long AllocatedBytes => _buffers.AllocatedBytes;

    public override Storage Rent(int count)
    {
        PassRecording.Current?.Advance();
        return _buffers.Rent(count);
    }

    public override void Return(Storage storage)
    {
        CpuStorage returned = (CpuStorage)storage;
        (returned.IsSettled, returned.Packed) = (false, null);
        _buffers.Return(returned);
    }

    public override void Settle(Storage weight) => ((CpuStorage)weight).IsSettled = true;

    public override void Trim() => _buffers.Trim();

    /// <summary>Equal pieces into which each of some equal parts is best cut, so that threads end together: the
    /// fewest that leave less than a tenth of their time unused.</summary>
    private int Evening(int parts)
    {
        if (Threads <= FewThreads || parts == 0) return 1;
        double Idle(int pieces) =>
            1 - (double)parts * pieces / (Parts((long)parts * pieces, Threads) * (double)Threads);
        for (int pieces = 1; pieces < 4; pieces++)
            if (Idle(pieces) < 0.1) return pieces;
        return 4;
    }

    /// <summary>True where equal parts, which may not be cut otherwise, give all threads about as much to do.</summary>
    private bool KeepBusy(int parts) => parts >= WantedParts && Evening(parts) == 1;

    public override void Write(Storage destination, ReadOnlySpan<float> values, int start)
    {
        float* to = Changed(destination) + start;
        if (PassRecording.Current is { } recording) WriteRecorded(recording, destination, to, values);
        else
            fixed (float* from = values) Copy(from, to, values.Length);
    }

    public override void Write(Storage destination, ReadOnlySpan<int> values)
    {
        float* to = Changed(destination);
        if (PassRecording.Current is { } recording)
            WriteRecorded(recording, destination, to, MemoryMarshal.Cast<int, float>(values));
        else values.CopyTo(new Span<int>(to, values.Length));
    }

    public override void Read(Storage source, Span<float> values, int start)
    {
        if (PassRecording.Current is { } recording)
        {
            recording.Reads(source);
            new ReadOnlySpan<float>(Floats(source) + start, values.Length).CopyTo(values);
            return;
        }

        fixed (float* to = values) Copy(Floats(source) + start, to, values.Length);
    }

    public override void Read(Storage source, Span<int> values)
    {
        PassRecording.Current?.Reads(source);
        new ReadOnlySpan<int>(Floats(source), values.Length).CopyTo(values);
    }

    private static float* Floats(Storage? storage) => storage is null ? null : ((CpuStorage)storage).Pointer;

    private static float* Floats(Target? target) => target is { } written ? Changed(written.Storage) : null;

    /// <summary>Memory whose values are about to change: what was made of them is of no use any more.</summary>
    private static float* Changed(Storage storage)
    {
        CpuStorage changed = (CpuStorage)storage;
        PassRecording.Current?.Changes(changed);
        changed.Packed = null;
        return changed.Pointer;
    }

    /// <summary>Panels of a weight: kept ones where it is settled, else new ones, for the caller to
    /// <see cref="Release"/>.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="count">Elements that panels take.</param>
    /// <param name="pack">Makes them.</param>
    private CpuStorage PanelsOf(Storage weight, int rows, int columns, long count, Action<CpuStorage> pack)
    {
        CpuStorage source = (CpuStorage)weight;
        if (source.Packed is { } kept && kept.Rows == rows && kept.Columns == columns)
        {
            PassRecording.Current?.Uses(source, kept);
            return kept.Panels;
        }

        CpuStorage panels = source.IsSettled ? new CpuStorage(this, checked((int)count)) : Borrow(count);
        pack(panels);
        if (source.IsSettled) source.Packed = new(panels, rows, columns);
        return panels;
    }

    /// <summary>Takes panels back that nobody keeps.</summary>
    private void Release(CpuStorage panels, Storage weight)
    {
        if (!((CpuStorage)weight).IsSettled) _buffers.Return(panels);
    }

    private static int Parts(long size, long perPart) => (int)((size + perPart - 1) / perPart);

    /// <summary>Calls <paramref name="body"/>(start, length) over 0 .. count-1, each element by itself.</summary>
    /// <param name="count">Number of elements.</param>
    /// <param name="body">Computes some of them.</param>
    /// <param name="cost">How often the work of a usual element each takes.</param>
    private void ForElements(int count, Action<int, int> body, int cost = 1)
    {
        cost = Math.Max(1, cost);
        int perPart = Parts(PartSize((long)count * cost), cost * Alignment) * Alignment;
        _pool.Run(Parts(count, perPart), part => body(part * perPart, Math.Min(perPart, count - part * perPart)));
    }

    /// <summary>Calls <paramref name="body"/>(first, rows) over all rows, each by itself.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Elements of a row, or what takes as long.</param>
    /// <param name="body">Computes some of them.</param>
    private void ForRows(int rows, int columns, Action<int, int> body)
    {
        int perPart = Math.Max(1, PartSize((long)rows * columns) / Math.Max(1, columns));
        _pool.Run(Parts(rows, perPart), part => body(part * perPart, Math.Min(perPart, rows - part * perPart)));
    }

    /// <summary>Elements of a part: <see cref="ElementsPerPart"/>, and fewer where many threads would go without.
    /// </summary>
    private int PartSize(long count) => Threads <= FewThreads ? ElementsPerPart
        : (int)Math.Clamp(count / WantedParts, ElementsPerPart / 8, ElementsPerPart);

    /// <summary>The same memory goes through the same threads in all loops of its length; so each memory node gets what
    /// its threads will work on, by being the first to touch it.</summary>
    private void TouchFirst(CpuStorage fresh)
    {
        const int PageFloats = (2 << 20) / sizeof(float), Step = 4096 / sizeof(float);
        if (PassRecording.Current is not null) return;   // this is no loop of the pass
        float* data = fresh.Pointer;
        int count = fresh.Capacity;
        _pool.Run(Parts(count, PageFloats), page =>
        {
            int end = Math.Min(count - page * PageFloats, PageFloats) + page * PageFloats;
            for (int i = page * PageFloats; i < end; i += Step) data[i] = 0;
        });
    }

    private void Copy(float* from, float* to, int count) => ForElements(count, (start, length) =>
        new ReadOnlySpan<float>(from + start, length).CopyTo(new Span<float>(to + start, length)));

    /// <summary>A buffer for the length of one primitive.</summary>
    private CpuStorage Borrow(long count) => _buffers.Rent(checked((int)count));
}
