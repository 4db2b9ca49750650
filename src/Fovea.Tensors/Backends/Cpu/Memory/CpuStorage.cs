using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>
/// Floats (or 32-bit integers) in a pinned managed array, aligned to a cache line. Managed, so that a tensor nobody
/// released is reclaimed by the garbage collector without a finalizer; pinned, so that kernels may keep pointers.
/// Kernels may read and write up to the next multiple of 16 elements beyond <see cref="Storage.Capacity"/>.
/// </summary>
internal sealed unsafe partial class CpuStorage : Storage
{
    private const int Alignment = 64, Slack = 16 + Alignment / sizeof(float), HugePage = 2 << 20, AdviseHugePage = 14;

    private readonly float[] _array;
    private readonly float* _pointer;

    internal CpuStorage(Backend backend, int capacity)
        : base(backend, capacity)
    {
        _array = GC.AllocateUninitializedArray<float>(capacity + Slack, pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
        _pointer = (float*)((start + Alignment - 1) & ~(nint)(Alignment - 1));
        if (Bytes >= 2L * HugePage && OperatingSystem.IsLinux()) UseHugePages(start, Bytes);
    }

    /// <summary>Part of another buffer; it never goes to a pool.</summary>
    internal CpuStorage(CpuStorage whole, long offset, int capacity)
        : base(whole.Backend, capacity)
    {
        (_array, IsView) = (whole._array, true);
        _pointer = whole._pointer + offset;
    }

    internal float* Pointer
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (PassRecording.IsRunning) PassRecording.Touch(this);
            return _pointer;
        }
    }

    /// <summary>Part of another buffer.</summary>
    internal bool IsView { get; }

    /// <summary>While a pass is recorded: when it uses this buffer.</summary>
    internal Lifetime? Lifetime { get; set; }

    /// <summary>The weight will be used for many products; see <see cref="Backend.Settle"/>.</summary>
    internal bool IsSettled { get; set; }

    /// <summary>Form of the weight that products keep; null: none, or the weight changed since.</summary>
    internal PackedWeight? Packed { get; set; }

    /// <summary>The first vector of one head of one sequence.</summary>
    /// <param name="view">All heads of all sequences.</param>
    /// <param name="batch">Which sequence.</param>
    /// <param name="tokens">Tokens of a sequence.</param>
    /// <param name="head">Which head.</param>
    /// <param name="width">Elements of a vector.</param>
    internal static float* At(in HeadView view, int batch, int tokens, int head, int width) =>
        ((CpuStorage)view.Storage).Pointer + view.Offset + (nint)batch * tokens * view.Stride + head * width;

    internal int* Integers => (int*)Pointer;

    internal long Bytes => _array.LongLength * sizeof(float);

    /// <summary>Fewer page faults and address translations for large buffers; a refusal by the system does no
    /// harm.</summary>
    private static void UseHugePages(nint start, long bytes)
    {
        nint first = (start + HugePage - 1) & ~(nint)(HugePage - 1),
            last = (nint)(start + bytes) & ~(nint)(HugePage - 1);
        if (last <= first) return;
        try
        {
            _ = Advise(first, (nuint)(last - first), AdviseHugePage);
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            // No C library of that name: ordinary pages serve as well.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint address, nuint length, int advice);
}
