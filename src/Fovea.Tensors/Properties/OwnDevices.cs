using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu;
using Fovea.Tensors.Backends.Meta;
using Fovea.Tensors.Backends.Reference;

namespace Fovea.Tensors.Properties;

/// <summary>The devices that come with this assembly, made known to <see cref="Device"/> before it is used.</summary>
internal static class OwnDevices
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255",
        Justification = "Tensors know no device; this is where the assembly's own are added.")]
    internal static void Add()
    {
        Device.CpuFactory = CpuBackend.Create;
        Device.ReferenceFactory = () => new ReferenceBackend();
        Device.MetaFactory = () => new MetaBackend();
    }
}
