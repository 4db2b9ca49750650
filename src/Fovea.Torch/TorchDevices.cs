using System.Collections.Concurrent;
using System.Globalization;
using Fovea.Torch.Backends;
using Fovea.Torch.Native;

namespace Fovea.Torch;

/// <summary>The devices of PyTorch's library, for <see cref="Device.Open"/>: <c>torch</c> (its CPU), <c>cuda</c>
/// (NVIDIA, and AMD by ROCm), <c>mps</c> (Apple) and <c>xpu</c> (Intel).</summary>
public static class TorchDevices
{
    private const int MostDevices = 64;

    private static readonly ConcurrentDictionary<(string Kind, int Index, bool IsLow), Lazy<Device>> Opened = [];

    private static int _registered;

    /// <summary>Makes the devices known to <see cref="Device.Open"/>; calls after the first do nothing.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref _registered, 1) != 0) return;
        foreach (string kind in (string[])["torch", "cuda", "mps", "xpu"])
            Device.Register(kind, request => Open(kind, request), () => Describe(kind));
    }

    private static List<DeviceDescription> Describe(string kind)
    {
        LibTorch torch;
        try
        {
            torch = LibTorchFiles.Load();
        }
        catch (UsageException missing)
        {
            return [new(kind, false, missing.Reason, Remedy: missing.Remedy)];
        }

        List<DeviceDescription> found = [];
        string version = $"PyTorch {torch.Version}";
        for (int index = 0; index < (kind is "torch" or "mps" ? 1 : MostDevices); index++)
            try
            {
                Device device = Open(kind, new DeviceRequest($"{index}", null));
                CudaDriver.Card? card = kind == "cuda" ? CudaDriver.Find(index) : null;
                long? memory = kind == "torch" ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : card?.Memory;
                found.Add(new(index == 0 ? kind : $"{kind}:{index}", true,
                    card?.Name ?? $"{device.Backend.Threads} threads, {LibTorchFiles.Folder}", memory, version));
            }
            catch (FoveaException missing) when (index == 0)
            {
                return [new(kind, false, "this PyTorch or this machine has none", Version: version,
                    Remedy: missing.Remedy)];
            }
            catch (FoveaException)
            {
                break;   // no further one
            }

        return found;
    }

    private static Device Open(string kind, DeviceRequest request)
    {
        int index = 0;
        if (request.Index.Length > 0
            && !(int.TryParse(request.Index, NumberStyles.None, CultureInfo.InvariantCulture, out index)
                && index < MostDevices))
            throw new UsageException($"'{kind}:{request.Index}' has no number behind the colon, for example {kind}:0.")
            {
                Field = "device",
            };
        if (kind is "torch" or "mps" && index > 0)
            throw new UsageException($"there is one {kind} only, got {kind}:{index}.") { Field = "device" };
        if (request.Precision == Precision.Tf32 && kind != "cuda")
            throw new UsageException($"'{kind}' has no tf32; cuda has it.")
            {
                Field = "precision",
                Remedy = "The others, fp32 and bf16, work on every device of PyTorch.",
            };
        if (request.Precision == Precision.Int8)
            throw new UsageException($"'{kind}' has no int8; cpu has it.")
            {
                Field = "precision",
                Remedy = "bf16 works on every device of PyTorch.",
            };
        LibTorch torch = LibTorchFiles.Load(request.Threads,
            kind == "cuda" ? request.Precision == Precision.Tf32 : null);
        return Opened.GetOrAdd((kind, index, request.Precision == Precision.Bf16),
            key => new(() => Create(torch, key.Kind, key.Index, key.IsLow))).Value;
    }

    private static Device Create(LibTorch torch, string kind, int index, bool isLow)
    {
        (int type, string? library) = kind switch
        {
            "cuda" => (torch.CudaType, "torch_cuda"),
            "xpu" => (torch.XpuType, "torch_xpu"),
            "mps" => (torch.MpsType, null),
            _ => (torch.CpuType, (string?)null),
        };
        if (library is not null && !LibTorchFiles.TryLoad(library) && !LibTorchFiles.TryLoad("torch_hip"))
            throw Missing(torch, kind, isBuiltFor: false);
        if (kind == "mps" && !OperatingSystem.IsMacOS()) throw Missing(torch, kind);
        string name = index == 0 ? kind : $"{kind}:{index}";
        TorchBackend backend = new(torch, name, type, index, isLow);
        if (kind != "torch") Probe(torch, backend, kind, index);
        return new Device(name, backend);
    }

    /// <summary>A first small tensor, so that a device that is not there is refused here.</summary>
    private static void Probe(LibTorch torch, TorchBackend backend, string kind, int index)
    {
        try
        {
            backend.Delete(backend.Empty([1], torch.Float32));
        }
        catch (TorchException) when (index > 0)
        {
            throw new UsageException($"there is no {kind}:{index} on this machine.")
            {
                Field = "device",
                Remedy = "'fovea devices' lists what there is.",
            };
        }
        catch (TorchException)
        {
            throw Missing(torch, kind);
        }
    }

    private static UsageException Missing(LibTorch torch, string kind, bool isBuiltFor = true)
    {
        string? obstacle = kind == "cuda" && isBuiltFor && !LibTorchFiles.TryLoad("torch_hip")
            ? CudaDriver.Obstacle(CudaDriver.IsInstalled, CudaDriver.Version, CudaDriver.LibraryVersion)
            : isBuiltFor ? null : $"it was built without {kind}";
        return new($"PyTorch {torch.Version} in {LibTorchFiles.Folder} cannot use '{kind}' on this machine"
            + (obstacle is null ? "." : $": {obstacle}."))
        {
            Field = "device",
            Remedy = kind switch
            {
                "cuda" => "Install a build for CUDA or ROCm (\"Get Started\" on pytorch.org has the command), and a "
                    + "driver that is not older than it",
                "xpu" => "Install a build for Intel GPUs (\"Get Started\" on pytorch.org has the command)",
                _ => "It exists on Apple computers with macOS 14 or newer",
            },
        };
    }
}
