using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>The choice of an instruction set, once per device.</summary>
internal static class CpuBackend
{
    /// <summary>The names that <c>FOVEA_ISA</c> takes, widest first.</summary>
    internal static readonly string[] InstructionSets = ["avx512", "avx2", "vector128", "scalar"];

    /// <param name="threads">Threads that compute; 0: one per core.</param>
    /// <param name="instructionSet">One of <see cref="InstructionSets"/>; null: <c>FOVEA_ISA</c>, else the widest that
    /// the machine has.</param>
    /// <param name="precision">How linear layers compute.</param>
    /// <exception cref="ArgumentException">A negative count, or an instruction set that is unknown or missing
    /// here.</exception>
    internal static Backend Create(int threads, string? instructionSet, Precision precision)
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
        return name switch
        {
            "avx512" => new CpuBackend<Simd512>(threads, precision),
            "avx2" => new CpuBackend<Simd256>(threads, precision),
            "vector128" => new CpuBackend<Simd128>(threads, precision),
            _ => new CpuBackend<SimdScalar>(threads, precision),
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

    private readonly BufferPool _buffers;
    private readonly WorkerPool _pool;

    private readonly Precision _precision;
    private readonly bool _assemblesPairs, _assemblesBytes;

    internal CpuBackend(int threads, Precision precision)
    {
        _precision = precision;
        // Assembled for whoever computes with them alone: single precision starts without.
        bool isWide = V.Count == Simd512.Count;
        _assemblesPairs = isWide && precision != Precision.Fp32 && AssembledTiles.OfPairs is not null;
        _assemblesBytes = isWide && precision == Precision.Int8 && AssembledTiles.OfBytes is not null;
        _pool = new WorkerPool(threads);
        _buffers = new BufferPool(this);
    }

    public override int Threads => _pool.Threads;

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

    public override void Write(Storage destination, ReadOnlySpan<float> values, int start)
    {
        float* to = Changed(destination) + start;
        if (PassRecording.Current is { } recording && recording.Input != destination)
            WriteConstant(recording, destination, to, values.ToArray());
        else values.CopyTo(new Span<float>(to, values.Length));
    }

    public override void Write(Storage destination, ReadOnlySpan<int> values)
    {
        float* to = Changed(destination);
        if (PassRecording.Current is { } recording)
            WriteConstant(recording, destination, to, MemoryMarshal.Cast<int, float>(values).ToArray());
        else values.CopyTo(new Span<int>(to, values.Length));
    }

    public override void Read(Storage source, Span<float> values, int start)
    {
        PassRecording.Current?.Reads(source);
        new ReadOnlySpan<float>(Floats(source) + start, values.Length).CopyTo(values);
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

    /// <summary>Calls <paramref name="body"/>(start, length) over 0 .. count-1 in fixed cuts.</summary>
    private void ForElements(int count, Action<int, int> body) =>
        _pool.Run(Parts(count, ElementsPerPart),
            part => body(part * ElementsPerPart, Math.Min(ElementsPerPart, count - part * ElementsPerPart)));

    /// <summary>Calls <paramref name="body"/>(first, rows) over all rows in fixed cuts of about
    /// <see cref="ElementsPerPart"/> elements.</summary>
    private void ForRows(int rows, int columns, Action<int, int> body)
    {
        int perPart = Math.Max(1, ElementsPerPart / Math.Max(1, columns));
        _pool.Run(Parts(rows, perPart), part => body(part * perPart, Math.Min(perPart, rows - part * perPart)));
    }

    /// <summary>A buffer for the length of one primitive.</summary>
    private CpuStorage Borrow(long count) => _buffers.Rent(checked((int)count));
}
