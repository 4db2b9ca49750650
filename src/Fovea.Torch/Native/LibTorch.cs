using System.Runtime.InteropServices;

namespace Fovea.Torch.Native;

/// <summary>
/// libtorch's C interface, as far as it is used: functions that every libtorch from 2.10 on exports, with the
/// signatures of <c>torch/csrc/stable/c/shim.h</c> and <c>torch/csrc/inductor/aoti_torch/c/shim.h</c>. Each returns 0,
/// or another number after an error.
/// </summary>
/// <remarks>Handles of tensors are owned by who got them; arguments of <see cref="CallDispatcher"/> are consumed by
/// it.</remarks>
internal sealed unsafe class LibTorch
{
    /// <summary>The version that these declarations are of, in libtorch's own form; newer libraries
    /// translate.</summary>
    public const ulong DeclaredVersion = (2UL << 56) | (10UL << 48);

    internal LibTorch(nint library)
    {
        nint Find(string name) => NativeLibrary.GetExport(library, name);
        nint Try(string name) => NativeLibrary.TryGetExport(library, name, out nint found) ? found : 0;

        CallDispatcher = (delegate* unmanaged<byte*, byte*, ulong*, ulong, int>)Find("torch_call_dispatcher");
        NewList = (delegate* unmanaged<nuint, nint*, int>)Find("torch_new_list_reserve_size");
        PushBack = (delegate* unmanaged<nint, ulong, int>)Find("torch_list_push_back");
        ListSize = (delegate* unmanaged<nint, nuint*, int>)Find("torch_list_size");
        ListItem = (delegate* unmanaged<nint, nuint, ulong*, int>)Find("torch_list_get_item");
        DeleteList = (delegate* unmanaged<nint, int>)Find("torch_delete_list");
        NewString = (delegate* unmanaged<byte*, nuint, nint*, int>)Find("torch_new_string_handle");
        ThreadCount = (delegate* unmanaged<uint*, int>)Find("torch_get_num_threads");
        AbiVersion = (delegate* unmanaged<ulong>)Find("aoti_torch_abi_version");
        EmptyStrided = (delegate* unmanaged<long, long*, long*, int, int, int, nint*, int>)Find(
            "aoti_torch_empty_strided");
        EmptyPinned = (delegate* unmanaged<long, long*, long*, int, int, int, nint*, int>)Find(
            "aoti_torch_empty_strided_pinned");
        FromBlob = (delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int>)Find(
            "aoti_torch_create_tensor_from_blob");
        Reinterpret = (delegate* unmanaged<nint, long, long*, long*, long, nint*, int>)Find(
            "aoti_torch__reinterpret_tensor");
        NewHandle = (delegate* unmanaged<nint, nint*, int>)Find("aoti_torch_new_tensor_handle");
        NewUndefined = (delegate* unmanaged<nint*, int>)Find("aoti_torch_new_uninitialized_tensor");
        Delete = (delegate* unmanaged<nint, int>)Find("aoti_torch_delete_tensor_object");
        DataPointer = (delegate* unmanaged<nint, void**, int>)Find("aoti_torch_get_data_ptr");
        IsContiguous = (delegate* unmanaged<nint, byte*, int>)Find("aoti_torch_is_contiguous");
        Size = (delegate* unmanaged<nint, long, long*, int>)Find("aoti_torch_get_size");
        Copy = (delegate* unmanaged<nint, nint, int, int>)Find("aoti_torch_copy_");
        Zero = (delegate* unmanaged<nint, int>)Find("aoti_torch_zero_");
        Fill = (delegate* unmanaged<nint, double, int>)Find("aoti_torch_aten_fill__Scalar");
        Subtract = (delegate* unmanaged<nint, nint, double, nint*, int>)Find("aoti_torch_aten_subtract_Tensor");
        AddMatrixProduct = (delegate* unmanaged<nint, nint, nint, nint, float, float, int>)Find(
            "aoti_torch_addmm_out");
        MultiplyBatched = (delegate* unmanaged<nint, nint, nint, int>)Find("aoti_torch_bmm_out");
        SetGradMode = (delegate* unmanaged<byte, void>)Find("aoti_torch_grad_mode_set_enabled");

        Float32 = Constant(Find("aoti_torch_dtype_float32"));
        Float64 = Constant(Find("aoti_torch_dtype_float64"));
        BFloat16 = Constant(Find("aoti_torch_dtype_bfloat16"));
        Int32 = Constant(Find("aoti_torch_dtype_int32"));
        Int64 = Constant(Find("aoti_torch_dtype_int64"));
        CpuType = Constant(Find("aoti_torch_device_type_cpu"));
        CudaType = Constant(Find("aoti_torch_device_type_cuda"));
        MpsType = Constant(Find("aoti_torch_device_type_mps"));
        XpuType = Constant(Find("aoti_torch_device_type_xpu"));

        // From 2.13 on.
        NewCell = (delegate* unmanaged<ulong**, int>)Try("torch_new_stable_ivalue");
        LastError = (delegate* unmanaged<byte*>)Try("torch_exception_get_what_without_backtrace");
        Library = library;
    }

    /// <summary>The loaded library, for functions that only one kind of device has.</summary>
    public nint Library { get; }

    public int Float32 { get; }

    public int Float64 { get; }

    public int BFloat16 { get; }

    public int Int32 { get; }

    public int Int64 { get; }

    public int CpuType { get; }

    public int CudaType { get; }

    public int MpsType { get; }

    public int XpuType { get; }

    /// <summary>(name, overload, stack, version): arguments in, results out.</summary>
    public delegate* unmanaged<byte*, byte*, ulong*, ulong, int> CallDispatcher { get; }

    public delegate* unmanaged<nuint, nint*, int> NewList { get; }

    public delegate* unmanaged<nint, ulong, int> PushBack { get; }

    public delegate* unmanaged<nint, nuint*, int> ListSize { get; }

    public delegate* unmanaged<nint, nuint, ulong*, int> ListItem { get; }

    public delegate* unmanaged<nint, int> DeleteList { get; }

    public delegate* unmanaged<byte*, nuint, nint*, int> NewString { get; }

    public delegate* unmanaged<uint*, int> ThreadCount { get; }

    public delegate* unmanaged<ulong> AbiVersion { get; }

    /// <summary>(rank, sizes, strides, dtype, device type, device index, result).</summary>
    public delegate* unmanaged<long, long*, long*, int, int, int, nint*, int> EmptyStrided { get; }

    public delegate* unmanaged<long, long*, long*, int, int, int, nint*, int> EmptyPinned { get; }

    /// <summary>(data, rank, sizes, strides, offset, dtype, device type, device index, result): a view of memory that
    /// the caller owns.</summary>
    public delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int> FromBlob { get; }

    /// <summary>(tensor, rank, sizes, strides, offset, result): another view of the same memory.</summary>
    public delegate* unmanaged<nint, long, long*, long*, long, nint*, int> Reinterpret { get; }

    public delegate* unmanaged<nint, nint*, int> NewHandle { get; }

    public delegate* unmanaged<nint*, int> NewUndefined { get; }

    public delegate* unmanaged<nint, int> Delete { get; }

    public delegate* unmanaged<nint, void**, int> DataPointer { get; }

    public delegate* unmanaged<nint, byte*, int> IsContiguous { get; }

    /// <summary>(tensor, axis, result).</summary>
    public delegate* unmanaged<nint, long, long*, int> Size { get; }

    /// <summary>(destination, source, without waiting).</summary>
    public delegate* unmanaged<nint, nint, int, int> Copy { get; }

    public delegate* unmanaged<nint, int> Zero { get; }

    public delegate* unmanaged<nint, double, int> Fill { get; }

    /// <summary>(a, b, factor of b, result).</summary>
    public delegate* unmanaged<nint, nint, double, nint*, int> Subtract { get; }

    /// <summary>(out, self, a, b, factor of self, factor of the product).</summary>
    public delegate* unmanaged<nint, nint, nint, nint, float, float, int> AddMatrixProduct { get; }

    public delegate* unmanaged<nint, nint, nint, int> MultiplyBatched { get; }

    public delegate* unmanaged<byte, void> SetGradMode { get; }

    /// <summary>Null before 2.13.</summary>
    public delegate* unmanaged<ulong**, int> NewCell { get; }

    /// <summary>Null before 2.13.</summary>
    public delegate* unmanaged<byte*> LastError { get; }

    /// <summary>For example 2.10.0.</summary>
    public Version Version
    {
        get
        {
            ulong version = AbiVersion();
            return new((int)(version >> 56), (int)((version >> 48) & 0xFF), (int)((version >> 40) & 0xFF));
        }
    }

    private static int Constant(nint function) => ((delegate* unmanaged<int>)function)();
}
