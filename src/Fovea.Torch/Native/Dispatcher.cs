using System.Runtime.InteropServices;
using System.Text;

namespace Fovea.Torch.Native;

/// <summary>Calls operators of ATen by name: makes the stack of arguments, which the call consumes, and takes the
/// results.</summary>
internal sealed unsafe class Dispatcher
{
    private readonly LibTorch _torch;
    private readonly delegate* unmanaged<nuint, void*> _new;
    private readonly Func<string, string?, TorchException?> _noMemory;

    /// <param name="torch">The library.</param>
    /// <param name="noMemory">The error for a failed function, by its name and libtorch's own text, where memory was
    /// lacking; else null.</param>
    internal Dispatcher(LibTorch torch, Func<string, string?, TorchException?> noMemory)
    {
        _noMemory = noMemory;
        _torch = torch;
        if (torch.NewCell is null) _new = (delegate* unmanaged<nuint, void*>)OperatorNew();
    }

    /// <summary>Calls an operator.</summary>
    /// <param name="called">Which one.</param>
    /// <param name="arguments">All arguments of its schema, those with defaults included.</param>
    /// <param name="results">Receives what it returns; tensors are owned by the caller from then on.</param>
    public void Call(AtenOperator called, ReadOnlySpan<Argument> arguments, Span<ulong> results)
    {
        Span<ulong> stack = stackalloc ulong[Math.Max(arguments.Length, results.Length)];
        for (int i = 0; i < arguments.Length; i++) stack[i] = Encode(arguments[i]);
        HandleCount.Called();
        int failed;
        fixed (ulong* first = stack)
            failed = _torch.CallDispatcher(called.Name, called.Overload, first, LibTorch.DeclaredVersion);
        if (failed != 0) throw Failure(called.Display);
        stack[..results.Length].CopyTo(results);
    }

    /// <summary>Error to throw after a function of the C interface failed.</summary>
    public TorchException Failure(string what)
    {
        string? text = _torch.LastError is null ? null : Marshal.PtrToStringUTF8((nint)_torch.LastError());
        return _noMemory(what, text) ?? TorchException.Of(what, text, _torch.Version);
    }

    private ulong Encode(in Argument argument)
    {
        ulong value = argument.Kind switch
        {
            Argument.Form.Bits => argument.Bits,
            Argument.Form.Tensor => Shared((nint)argument.Bits),
            Argument.Form.Integers => List((long[])argument.Value!, item => (ulong)item),
            Argument.Form.Flags => List((bool[])argument.Value!, item => item ? 1UL : 0),
            Argument.Form.Tensors => List((NativeTensor[])argument.Value!, item => Shared(item.Handle)),
            Argument.Form.OptionalTensors =>
                List((NativeTensor[])argument.Value!, item => Cell(Shared(item.Handle))),
            _ => Text((string)argument.Value!),
        };
        return argument.IsOptional ? Cell(value) : value;
    }

    /// <summary>A second handle of a tensor, for the call to consume.</summary>
    private ulong Shared(nint tensor)
    {
        nint copy;
        if (_torch.NewHandle(tensor, &copy) != 0) throw Failure("a handle");
        return (ulong)copy;
    }

    private ulong List<T>(T[] items, Func<T, ulong> encode)
    {
        nint list;
        if (_torch.NewList((nuint)items.Length, &list) != 0) throw Failure("a list");
        foreach (T item in items)
            if (_torch.PushBack(list, encode(item)) != 0) throw Failure("a list");
        return (ulong)list;
    }

    private ulong Text(string text)
    {
        Span<byte> bytes = stackalloc byte[64];
        int length = Encoding.UTF8.GetBytes(text, bytes);
        nint handle;
        fixed (byte* first = bytes)
            if (_torch.NewString(first, (nuint)length, &handle) != 0) throw Failure("a text");
        return (ulong)handle;
    }

    /// <summary>A cell on the heap of C++, which libtorch deletes.</summary>
    private ulong Cell(ulong value)
    {
        ulong* cell;
        if (_torch.NewCell is null) cell = (ulong*)_new(sizeof(ulong));
        else if (_torch.NewCell(&cell) != 0) throw Failure("an optional argument");
        *cell = value;
        return (ulong)cell;
    }

    /// <summary>C++'s <c>operator new</c> of the runtime that libtorch was built with.</summary>
    private static nint OperatorNew()
    {
        (string library, string symbol) = OperatingSystem.IsWindows() ? ("msvcrt.dll", "??2@YAPEAX_K@Z")
            : OperatingSystem.IsMacOS() ? ("libc++.1.dylib", "_Znwm") : ("libstdc++.so.6", "_Znwm");
        return NativeLibrary.GetExport(NativeLibrary.Load(library), symbol);
    }
}
