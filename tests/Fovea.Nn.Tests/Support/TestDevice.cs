using Fovea.Tensors;

namespace Fovea.Tests;

/// <summary>Devices by name, for theories that run on both.</summary>
internal static class TestDevice
{
    public static Device Named(string name) => name switch
    {
        "reference" => Device.Reference,
        _ => Device.Open(name),
    };
}
