using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <summary>
/// Memory of a tensor: a flat tensor of libtorch, made when it is first asked for. A primitive that overwrites all of
/// it may put its own result here instead (<see cref="Adopt"/>), so that nothing is copied.
/// </summary>
/// <remarks>
/// Results of products may lie here in bfloat16, as long as only operands of products are made of them:
/// <see cref="Tensor"/> makes them single again. A tensor that nobody released is deleted by the finalizer.
/// </remarks>
internal sealed class TorchStorage(TorchBackend backend, int capacity) : Storage(backend, capacity), IDisposable
{
    private nint _handle, _low, _input;
    private LinearInputKey _key;
    private long _inputBytes;

    /// <inheritdoc cref="TorchStorage"/>
    ~TorchStorage()
    {
        if (IsRented) backend.Count(-Bytes(Capacity));
        Free();
    }

    /// <summary>Counted by the backend, unlike its own tables.</summary>
    public bool IsRented { get; init; }

    /// <summary>Data type of the elements, as libtorch numbers it.</summary>
    public int Type { get; private set; }

    /// <summary>The tensor to read and write; unset elements of single precision where nothing was written
    /// yet.</summary>
    public NativeTensor Tensor
    {
        get
        {
            FreeLow();
            if (_handle == 0) return Allocate(backend.Torch.Float32);
            if (IsLow) Widen();
            return new(_handle);
        }
    }

    /// <summary>The tensor for whole numbers, 32 bits each.</summary>
    public NativeTensor Integers =>
        _handle != 0 && Type == backend.Torch.Int32 ? new(_handle) : Allocate(backend.Torch.Int32);

    /// <summary>The tensor to read only, of the type that it has.</summary>
    public NativeTensor AsStored => _handle != 0 ? new(_handle) : Tensor;

    /// <summary>The elements in bfloat16, to read only; kept until <see cref="Tensor"/> is asked for.</summary>
    public NativeTensor Low
    {
        get
        {
            if (_handle != 0 && IsLow) return new(_handle);
            lock (this)   // several forward passes may share a model's weights
            {
                if (_low != 0) return new(_low);
                _low = Converted(Tensor, backend.Torch.BFloat16);
                backend.Count(Bytes(Capacity) / 2);
                return new(_low);
            }
        }
    }

    private bool IsLow => Type == backend.Torch.BFloat16;

    /// <summary>Takes over a tensor with all elements, contiguous.</summary>
    public void Adopt(NativeTensor tensor, int type)
    {
        Free();
        Own(tensor, type);
    }

    /// <summary>The tensor to overwrite in parts: in bfloat16 where nothing else is here.</summary>
    public NativeTensor LowForResults()
    {
        if (_handle == 0) Allocate(backend.Torch.BFloat16);
        return IsLow ? new(_handle) : Tensor;
    }

    /// <summary>Input of a linear layer, as it was made of these elements; null where it is not the same
    /// function.</summary>
    public NativeTensor? InputOf(in LinearInputKey key) => _input != 0 && _key == key ? new(_input) : null;

    /// <summary>Keeps what a linear layer made of these elements for its backward pass, as long as they are.</summary>
    public void KeepInput(NativeTensor tensor, int type, in LinearInputKey key)
    {
        FreeInput();
        _inputBytes = type == backend.Torch.BFloat16 ? Bytes(Capacity) / 2 : Bytes(Capacity);
        (_input, _key) = (tensor.Handle, key);
        backend.Count(_inputBytes);
    }

    /// <summary>Deletes the tensor.</summary>
    public void Free()
    {
        FreeInput();
        FreeLow();
        FreeTensor();
    }

    /// <summary>Deletes the tensor, and spares the finalizer the work.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static long Bytes(int elements) => (long)elements * sizeof(float);

    /// <summary>Makes the elements single again; they take twice the place.</summary>
    private void Widen()
    {
        nint wide = Converted(new(_handle), backend.Torch.Float32);
        FreeTensor();
        Own(new(wide), backend.Torch.Float32);
    }

    private nint Converted(NativeTensor tensor, int type)
    {
        using Aten aten = new(backend);
        NativeTensor made = aten.Empty([Capacity], type);
        aten.Copy(aten.View(tensor, Capacity), made);   // an adopted one has the shape of a result
        aten.GiveAway(made);
        return made.Handle;
    }

    private void FreeTensor()
    {
        if (_handle == 0) return;
        if (IsRented && IsLow) backend.Count(Bytes(Capacity) / 2);
        backend.Delete(new(_handle));
        (_handle, Type) = (0, 0);
    }

    private void FreeLow()
    {
        if (_low == 0) return;
        backend.Delete(new(_low));
        backend.Count(-Bytes(Capacity) / 2);
        _low = 0;
    }

    private void FreeInput()
    {
        if (_input == 0) return;
        backend.Delete(new(_input));
        (_input, _key) = (0, default);
        backend.Count(-_inputBytes);
    }

    private NativeTensor Allocate(int type)
    {
        Free();
        NativeTensor tensor = backend.Empty([Capacity], type);
        Own(tensor, type);
        return tensor;
    }

    private void Own(NativeTensor tensor, int type)
    {
        (_handle, Type) = (tensor.Handle, type);
        if (IsRented && IsLow) backend.Count(-Bytes(Capacity) / 2);
    }
}

/// <summary>A function of a linear layer's input: which one, and with which scale and shift.</summary>
internal readonly record struct LinearInputKey(LinearInput Input, UnaryOperator Activation, Storage? Gamma,
    Storage? Beta);
