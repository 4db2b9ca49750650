using System.Runtime.InteropServices;
using System.Text;

namespace Fovea.Torch.Native;

/// <summary>Cards and versions, as NVIDIA's driver tells them.</summary>
internal static unsafe class CudaDriver
{
    private static readonly Lazy<nint> Library = new(() => NativeLibrary.TryLoad(
        OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out nint driver) ? driver : 0);

    /// <summary>A card.</summary>
    /// <param name="Name">As the driver calls it.</param>
    /// <param name="Memory">Bytes.</param>
    internal sealed record Card(string Name, long Memory);

    /// <summary>There is a driver.</summary>
    public static bool IsInstalled => Library.Value != 0;

    /// <summary>CUDA's version that the driver is for, e.g. 12040 for 12.4; null without a driver.</summary>
    public static int? Version => Number(Library.Value, "cuDriverGetVersion");

    /// <summary>CUDA's version that the loaded library was built with; null where it cannot be told.</summary>
    public static int? LibraryVersion
    {
        get
        {
            foreach (int major in (int[])[14, 13, 12, 11])
                if (NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? $"cudart64_{major}.dll"
                    : $"libcudart.so.{(major == 11 ? "11.0" : major)}", out nint runtime))
                    return Number(runtime, "cudaRuntimeGetVersion");
            return null;
        }
    }

    /// <summary>The card of a number; null without a driver or without a card of it.</summary>
    public static Card? Find(int index)
    {
        nint driver = Library.Value;
        if (driver == 0) return null;
        delegate* unmanaged<uint, int> start = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(driver,
            "cuInit");
        delegate* unmanaged<int*, int, int> get =
            (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGet");
        delegate* unmanaged<byte*, int, int, int> nameOf =
            (delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetName");
        delegate* unmanaged<nuint*, int, int> memoryOf =
            (delegate* unmanaged<nuint*, int, int>)NativeLibrary.GetExport(driver, "cuDeviceTotalMem_v2");
        int device;
        nuint memory;
        byte* text = stackalloc byte[256];
        if (start(0) != 0 || get(&device, index) != 0 || nameOf(text, 256, device) != 0
            || memoryOf(&memory, device) != 0) return null;
        int length = new ReadOnlySpan<byte>(text, 256).IndexOf((byte)0);
        return new(Encoding.UTF8.GetString(text, length), (long)memory);
    }

    /// <summary>Free and all bytes of the card that this thread works on; null where the driver does not say.</summary>
    public static (long Free, long All)? Memory()
    {
        if (Library.Value == 0 || !NativeLibrary.TryGetExport(Library.Value, "cuMemGetInfo_v2", out nint function))
            return null;
        nuint free, all;
        return ((delegate* unmanaged<nuint*, nuint*, int>)function)(&free, &all) == 0 ? ((long)free, (long)all) : null;
    }

    /// <summary>Explains why no card can be used; null where these versions do not say it.</summary>
    /// <param name="installed">There is a driver.</param>
    /// <param name="driver">As <see cref="Version"/>.</param>
    /// <param name="library">As <see cref="LibraryVersion"/>.</param>
    public static string? Obstacle(bool installed, int? driver, int? library)
    {
        if (!installed) return "this machine has no NVIDIA driver";
        // within a major version an older driver serves a newer library
        return driver is { } has && library is { } needs && has / 1000 < needs / 1000
            ? $"the NVIDIA driver is for CUDA {Text(has)}, this PyTorch needs {Text(needs)}" : null;
    }

    private static int? Number(nint library, string name)
    {
        int number;
        return library != 0 && NativeLibrary.TryGetExport(library, name, out nint function)
            && ((delegate* unmanaged<int*, int>)function)(&number) == 0 ? number : null;
    }

    private static string Text(int version) => $"{version / 1000}.{version % 1000 / 10}";
}
