using Fovea.Tensors;
using Fovea.Training.Recipes;

namespace Fovea.Training.Setup;

/// <summary>The device that a recipe asks for.</summary>
public static class DeviceChoice
{
    /// <summary>Opens the device.</summary>
    public static Device Open(RunSection run) => Open(run.Device, run.Threads);

    /// <summary>Opens a device.</summary>
    /// <param name="name"><c>cpu</c> or <c>reference</c>.</param>
    /// <param name="threads">Threads that compute; null: all cores.</param>
    public static Device Open(string name, int? threads) =>
        name == "reference" ? Device.Reference : threads is int count ? Device.CreateCpu(count) : Device.Cpu;
}
