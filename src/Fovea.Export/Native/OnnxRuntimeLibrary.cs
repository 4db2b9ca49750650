using System.Runtime.InteropServices;

namespace Fovea.Export.Native;

/// <summary>
/// ONNX Runtime's C interface: a table of functions, to which versions only add. Functions are called by their place in
/// it (<c>struct OrtApi</c> of <c>onnxruntime_c_api.h</c>).
/// </summary>
internal sealed class OnnxRuntimeLibrary
{
    /// <summary>The first version that knows operator set 18.</summary>
    private const uint Oldest = 14;

    private const int ErrorsOnly = 3, ArenaAllocator = 1, DefaultMemory = 0;

    private readonly nint _api;
    private readonly Text _errorMessage;
    private readonly Release _releaseStatus;
    private readonly nint _environment;

    private OnnxRuntimeLibrary(nint api, string version, string path)
    {
        (_api, Version, Path) = (api, version, path);
        _errorMessage = Function<Text>(2);
        _releaseStatus = Function<Release>(93);
        Require(Function<CreateEnvironment>(3)(ErrorsOnly, "fovea", out _environment));
        Require(Function<CreateMemory>(69)(ArenaAllocator, DefaultMemory, out nint memory));
        Memory = memory;
        Require(Function<Create>(78)(out nint allocator));
        Allocator = allocator;
    }

    private delegate nint GetApi(uint version);

    private delegate nint GetVersion();

    /// <summary>A function that gives a text of its argument.</summary>
    internal delegate nint Text(nint of);

    /// <summary>A function that gives an object back.</summary>
    internal delegate void Release(nint of);

    /// <summary>A function that makes something of nothing.</summary>
    internal delegate nint Create(out nint result);

    private delegate nint CreateEnvironment(int level, [MarshalAs(UnmanagedType.LPUTF8Str)] string name,
        out nint result);

    private delegate nint CreateMemory(int allocator, int kind, out nint result);

    /// <summary>Version, e.g. <c>1.31.1</c>.</summary>
    public string Version { get; }

    /// <summary>The file, or the name under which the system knows it.</summary>
    public string Path { get; }

    /// <summary>Describes memory of this process.</summary>
    internal nint Memory { get; }

    /// <summary>Owner of texts that functions give.</summary>
    internal nint Allocator { get; }

    /// <summary>The process-wide state.</summary>
    internal nint Environment => _environment;

    /// <exception cref="UsageException">It is another library, or too old.</exception>
    public static OnnxRuntimeLibrary Of(nint handle, string path)
    {
        if (!NativeLibrary.TryGetExport(handle, "OrtGetApiBase", out nint entry))
            throw new UsageException($"{path} is not ONNX Runtime's library: it has no OrtGetApiBase.");
        nint functions = Marshal.GetDelegateForFunctionPointer<GetVersion>(entry)();
        nint api = Marshal.GetDelegateForFunctionPointer<GetApi>(Marshal.ReadIntPtr(functions))(Oldest);
        string version = Marshal.PtrToStringUTF8(Marshal.GetDelegateForFunctionPointer<GetVersion>(
            Marshal.ReadIntPtr(functions, nint.Size))()) ?? "?";
        return api != 0 ? new OnnxRuntimeLibrary(api, version, path)
            : throw new UsageException($"{path} is ONNX Runtime {version}, which is older than 1.{Oldest}.")
            {
                Remedy = "Bring it up to date.",
            };
    }

    /// <summary>The function at a place of the table.</summary>
    internal T Function<T>(int place) where T : Delegate =>
        Marshal.GetDelegateForFunctionPointer<T>(Marshal.ReadIntPtr(_api, place * nint.Size));

    /// <exception cref="OnnxRuntimeException">The call failed; its first line.</exception>
    internal void Require(nint status)
    {
        if (status == 0) return;
        string message = Marshal.PtrToStringUTF8(_errorMessage(status)) ?? "";
        _releaseStatus(status);
        throw new OnnxRuntimeException(message.Split('\n')[0].Trim());
    }
}
