using System.Runtime.InteropServices;
using System.Text;

namespace Fovea.Torch.Native;

/// <summary>Names and memory of NVIDIA's cards, from the driver.</summary>
internal static unsafe class CudaDriver
{
    /// <summary>A card.</summary>
    /// <param name="Name">As the driver calls it.</param>
    /// <param name="Memory">Bytes.</param>
    internal sealed record Card(string Name, long Memory);

    /// <summary>The card of a number; null without a driver or without a card of it.</summary>
    public static Card? Find(int index)
    {
        string name = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(name, out nint driver)) return null;
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
}
