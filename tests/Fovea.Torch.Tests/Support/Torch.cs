using Fovea.Torch.Native;

namespace Fovea.Torch.Tests.Support;

/// <summary>PyTorch's library on the CPU; tests that need it are skipped where there is none.</summary>
internal static class Torch
{
    private static readonly Lazy<(Device? Device, string Reason)> Opened = new(() =>
    {
        try
        {
            TorchDevices.Register();
            return (Tensors.Device.Open(Name, 2), "");
        }
        catch (UsageException missing)
        {
            return (null, $"{missing.Message} {missing.Remedy}");
        }
    });

    /// <summary>The device that is tested: PyTorch's CPU, or what FOVEA_TORCH_TESTS names, e.g. <c>cuda</c>.</summary>
    public static string Name => Environment.GetEnvironmentVariable("FOVEA_TORCH_TESTS") ?? "torch";

    public static Device Device
    {
        get
        {
            (Device? device, string reason) = Opened.Value;
            Assert.SkipWhen(device is null, reason);
            return device!;
        }
    }

    /// <summary>Tensors that this process owns now.</summary>
    public static long Handles => HandleCount.Live;
}
