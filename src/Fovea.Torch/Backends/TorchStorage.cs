using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <summary>
/// Memory of a tensor: a flat tensor of libtorch, made when it is first asked for. A primitive that overwrites all of
/// it may put its own result here instead (<see cref="Adopt"/>), so that nothing is copied.
/// </summary>
/// <remarks>A tensor that nobody released is deleted by the finalizer.</remarks>
internal sealed class TorchStorage(TorchBackend backend, int capacity) : Storage(backend, capacity), IDisposable
{
    private nint _handle, _input;
    private LinearInputKey _key;

    /// <inheritdoc cref="TorchStorage"/>
    ~TorchStorage()
    {
        if (IsRented) backend.Count(-Capacity);
        Free();
    }

    /// <summary>Counted by the backend, unlike its own tables.</summary>
    public bool IsRented { get; init; }

    /// <summary>Data type of the elements, as libtorch numbers it.</summary>
    public int Type { get; private set; }

    /// <summary>The tensor; unset elements of single precision where nothing was written yet.</summary>
    public NativeTensor Tensor => new(_handle != 0 ? _handle : Allocate(backend.Torch.Float32).Handle);

    /// <summary>The tensor for whole numbers, 32 bits each.</summary>
    public NativeTensor Integers =>
        _handle != 0 && Type == backend.Torch.Int32 ? new(_handle) : Allocate(backend.Torch.Int32);

    /// <summary>Takes over a tensor with all elements, contiguous.</summary>
    public void Adopt(NativeTensor tensor, int type)
    {
        Free();
        (_handle, Type) = (tensor.Handle, type);
    }

    /// <summary>Input of a linear layer, as it was made of these elements; null where it is not the same
    /// function.</summary>
    public NativeTensor? InputOf(in LinearInputKey key) => _input != 0 && _key == key ? new(_input) : null;

    /// <summary>Keeps what a linear layer made of these elements for its backward pass, as long as they are.</summary>
    public void KeepInput(NativeTensor tensor, in LinearInputKey key)
    {
        FreeInput();
        (_input, _key) = (tensor.Handle, key);
        backend.Count(Capacity);
    }

    /// <summary>Deletes the tensor.</summary>
    public void Free()
    {
        FreeInput();
        if (_handle == 0) return;
        backend.Delete(new(_handle));
        _handle = 0;
    }

    /// <summary>Deletes the tensor, and spares the finalizer the work.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void FreeInput()
    {
        if (_input == 0) return;
        backend.Delete(new(_input));
        (_input, _key) = (0, default);
        backend.Count(-Capacity);
    }

    private NativeTensor Allocate(int type)
    {
        Free();
        NativeTensor tensor = backend.Empty([Capacity], type);
        (_handle, Type) = (tensor.Handle, type);
        return tensor;
    }
}

/// <summary>A function of a linear layer's input: which one, and with which scale and shift.</summary>
internal readonly record struct LinearInputKey(LinearInput Input, UnaryOperator Activation, Storage? Gamma,
    Storage? Beta);
