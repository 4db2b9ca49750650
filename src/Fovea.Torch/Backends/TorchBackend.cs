using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <summary>
/// All primitives by operators of ATen, on one device of libtorch. The same calls serve the CPU, CUDA, ROCm, XPU and
/// MPS. Nothing leaves the device but what is read.
/// </summary>
/// <remarks>libtorch allocates and pools; results may depend on the number of threads.</remarks>
internal sealed unsafe partial class TorchBackend : Backend
{
    private readonly ConcurrentDictionary<double, NativeTensor> _numbers = [], _hostNumbers = [];
    private readonly int _deviceType, _deviceIndex;
    private readonly bool _isHost;
    private long _live, _peak;

    internal TorchBackend(LibTorch torch, string name, int deviceType, int deviceIndex, bool isLow)
    {
        (Torch, Name, _deviceType, _deviceIndex, IsLow) = (torch, name, deviceType, deviceIndex, isLow);
        _isHost = deviceType == torch.CpuType;
        SumsInOneCall = deviceType == torch.CudaType;
        Dispatcher = new Dispatcher(torch, NoMemory);
        _convolvesInDouble = new(IsConvolutionWrong);
    }

    /// <summary>The device's name for messages.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override int Threads
    {
        get
        {
            uint count;
            return Torch.ThreadCount(&count) == 0 ? (int)count : 1;
        }
    }

    /// <inheritdoc/>
    public override bool UsesHostMemory => _isHost || _deviceType == Torch.MpsType;

    /// <inheritdoc/>
    public override bool IsHost => _isHost && !WorksBehindCalls;

    /// <summary>Takes the ways of a device that works behind calls, to try them on the CPU.</summary>
    internal bool WorksBehindCalls { get; set; }

    /// <summary>The most bytes that were in use at once since <see cref="Trim"/>; libtorch's own pool keeps at least
    /// them.</summary>
    public override long AllocatedBytes => Interlocked.Read(ref _peak);

    /// <summary>Products, convolutions and attention take operands in bfloat16.</summary>
    public bool IsLow { get; }

    internal LibTorch Torch { get; }

    internal Dispatcher Dispatcher { get; }

    /// <inheritdoc/>
    public override Storage Rent(int count)
    {
        Count((long)count * sizeof(float));
        return new TorchStorage(this, count) { IsRented = true };
    }

    /// <inheritdoc/>
    public override void Return(Storage storage)
    {
        Count(-(long)storage.Capacity * sizeof(float));
        ((TorchStorage)storage).Dispose();
    }

    /// <summary>Begins a new count of bytes; libtorch's allocator cannot be emptied through its C interface.</summary>
    public override void Trim() => Interlocked.Exchange(ref _peak, Interlocked.Read(ref _live));

    /// <summary>Reads one number: a queue is worked off in order.</summary>
    public override void Synchronize()
    {
        if (_isHost) return;
        using Aten aten = new(this);
        float one = 0;
        CopyHost(aten, (byte*)&one, 1, Torch.Float32, aten.Strided(aten.Number(0), [1], [1]), toHost: true);
    }

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<float> values, int start = 0)
    {
        if (values.IsEmpty) return;
        using Aten aten = new(this);
        NativeTensor to = aten.Strided(destination, [values.Length], [1], start);
        Upload(aten, MemoryMarshal.AsBytes(values), to, Torch.Float32, values.Length);
    }

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<int> values)
    {
        if (values.IsEmpty) return;
        using Aten aten = new(this);
        NativeTensor to = aten.View(((TorchStorage)destination).Integers, values.Length);
        Upload(aten, MemoryMarshal.AsBytes(values), to, Torch.Int32, values.Length);
    }

    /// <inheritdoc/>
    public override void Read(Storage source, Span<float> values, int start = 0)
    {
        if (values.IsEmpty) return;
        using Aten aten = new(this);
        Download(aten, aten.Strided(source, [values.Length], [1], start), MemoryMarshal.AsBytes(values),
            Torch.Float32, values.Length);
    }

    /// <inheritdoc/>
    public override void Read(Storage source, Span<int> values)
    {
        if (values.IsEmpty) return;
        using Aten aten = new(this);
        Download(aten, aten.View(source, values.Length), MemoryMarshal.AsBytes(values), Torch.Int32, values.Length);
    }

    /// <summary>A new tensor with unset elements, owned by the caller.</summary>
    internal NativeTensor Empty(ReadOnlySpan<long> sizes, int type)
    {
        Span<long> strides = stackalloc long[sizes.Length];
        long stride = 1;
        for (int axis = sizes.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= sizes[axis];
        }

        if (!TryEmpty(sizes, strides, type, out nint tensor))
        {
            // What nobody released holds memory until the finalizer deletes it, of which the collector sees nothing.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (!TryEmpty(sizes, strides, type, out tensor))
                throw TorchException.OutOfMemory(Name, ByteSize.Text(stride * sizeof(float)),
                    Interlocked.Read(ref _live), FreeMemory());
        }

        HandleCount.Add();
        return new(tensor);
    }

    private bool TryEmpty(ReadOnlySpan<long> sizes, ReadOnlySpan<long> strides, int type, out nint made)
    {
        nint tensor;
        fixed (long* first = sizes, step = strides)
        {
            bool isMade = Torch.EmptyStrided(sizes.Length, first, step, type, _deviceType, _deviceIndex, &tensor) == 0;
            made = isMade ? tensor : 0;
            return isMade;
        }
    }

    /// <summary>Counts bytes in, or out where there are fewer than none.</summary>
    internal void Count(long bytes)
    {
        long live = Interlocked.Add(ref _live, bytes), peak = Interlocked.Read(ref _peak);
        while (peak < live)
        {
            long before = Interlocked.CompareExchange(ref _peak, live, peak);
            if (before == peak) break;
            peak = before;
        }
    }

    internal void Delete(NativeTensor tensor)
    {
        _ = Torch.Delete(tensor.Handle);
        HandleCount.Remove();
    }

    /// <summary>One number on the device, for operators that would take it as one of the schema's scalars.</summary>
    internal NativeTensor Number(double value) => Remembered(_numbers, value, _deviceType, _deviceIndex, 0);

    /// <summary>A list of one number on this machine, as the list forms of operators take them.</summary>
    internal NativeTensor HostNumbers(double value) => Remembered(_hostNumbers, value, Torch.CpuType, 0, 1);

    private NativeTensor Remembered(ConcurrentDictionary<double, NativeTensor> numbers, double value, int deviceType,
        int deviceIndex, int rank)
    {
        if (numbers.TryGetValue(value, out NativeTensor known)) return known;
        nint tensor;
        long one = 1;
        if (Torch.EmptyStrided(rank, &one, &one, Torch.Float32, deviceType, deviceIndex, &tensor) != 0
            || Torch.Fill(tensor, value) != 0)
            throw Dispatcher.Failure("a number");
        NativeTensor made = new(tensor);
        if (numbers.TryAdd(value, made)) return made;
        _ = Torch.Delete(tensor);
        return numbers[value];
    }

    /// <summary>The error where memory was lacking inside an operator; before libtorch 2.13, which says nothing, that
    /// is guessed from what is free.</summary>
    private TorchException? NoMemory(string what, string? text)
    {
        (long Free, long All)? memory = FreeMemory();
        bool lacks = text?.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            ?? memory is { } known && known.Free < known.All / 20;
        return lacks ? TorchException.OutOfMemory(Name, what, Interlocked.Read(ref _live), memory) : null;
    }

    private (long Free, long All)? FreeMemory() => _deviceType == Torch.CudaType ? CudaDriver.Memory() : null;

    /// <summary>Host values to the device. To another one than the CPU they go through pinned memory, which libtorch
    /// keeps until they have arrived, so that nobody waits.</summary>
    private void Upload(in Aten aten, ReadOnlySpan<byte> bytes, NativeTensor to, int type, long count)
    {
        if (_isHost)
        {
            bytes.CopyTo(new Span<byte>(Pointer(to), bytes.Length));
            return;
        }

        if (_deviceType == Torch.CudaType || _deviceType == Torch.XpuType)
        {
            nint pinned;
            long one = 1;
            aten.Check(Torch.EmptyPinned(1, &count, &one, type, Torch.CpuType, 0, &pinned), "pinned memory");
            NativeTensor host = new(pinned);
            bytes.CopyTo(new Span<byte>(Pointer(host), bytes.Length));
            int failed = Torch.Copy(to.Handle, pinned, 1);
            _ = Torch.Delete(pinned);
            aten.Check(failed, "copy_");
            return;
        }

        fixed (byte* first = bytes) CopyHost(aten, first, count, type, to, toHost: false);
    }

    private void Download(in Aten aten, NativeTensor from, Span<byte> bytes, int type, long count)
    {
        fixed (byte* first = bytes) CopyHost(aten, first, count, type, from, toHost: true);
    }

    private void CopyHost(in Aten aten, byte* memory, long count, int type, NativeTensor device, bool toHost)
    {
        nint host;
        long one = 1;
        aten.Check(Torch.FromBlob(memory, 1, &count, &one, 0, type, Torch.CpuType, 0, &host), "from_blob");
        int failed = toHost ? Torch.Copy(host, device.Handle, 0) : Torch.Copy(device.Handle, host, 0);
        _ = Torch.Delete(host);
        aten.Check(failed, "copy_");
    }

    private void* Pointer(NativeTensor tensor)
    {
        void* pointer;
        if (Torch.DataPointer(tensor.Handle, &pointer) != 0) throw Dispatcher.Failure("data_ptr");
        return pointer;
    }
}
