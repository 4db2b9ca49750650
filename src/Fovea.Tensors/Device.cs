using Fovea.Tensors.Backends.Cpu;
using Fovea.Tensors.Backends.Meta;
using Fovea.Tensors.Backends.Reference;

namespace Fovea.Tensors;

/// <summary>Where tensors live and are computed: a name and the backend behind it.</summary>
public sealed class Device
{
    private static readonly Lazy<Device> DefaultCpu = new(() => CreateCpu());
    private static readonly Lazy<Device> DefaultReference = new(CreateReference);

    private Device(string name, Backend backend)
    {
        Name = name;
        Backend = backend;
    }

    /// <summary>The CPU with all cores and the widest instruction set (or the one named by <c>FOVEA_ISA</c>).</summary>
    public static Device Cpu => DefaultCpu.Value;

    /// <summary>Plain scalar loops in double precision: the definition of every primitive.</summary>
    public static Device Reference => DefaultReference.Value;

    /// <summary><c>cpu</c> or <c>reference</c>.</summary>
    public string Name { get; }

    /// <summary>The primitives behind this device.</summary>
    public Backend Backend { get; }

    /// <summary>A CPU device with its own worker pool.</summary>
    /// <param name="threads">Threads that compute, 1 or more; 0 takes all cores. Results do not depend on it.</param>
    /// <param name="instructionSet"><c>avx512</c>, <c>avx2</c>, <c>vector128</c> or <c>scalar</c>; null: <c>FOVEA_ISA</c>, else the widest there is.</param>
    /// <exception cref="ArgumentException">A negative count, or an instruction set that this machine lacks.</exception>
    public static Device CreateCpu(int threads = 0, string? instructionSet = null) => new("cpu", CpuBackend.Create(threads, instructionSet));

    /// <summary>A reference device of its own, whose memory is counted apart from <see cref="Reference"/>'s.</summary>
    public static Device CreateReference() => new("reference", new ReferenceBackend());

    /// <summary>A device that computes nothing and only knows sizes, to see what a model takes: <see cref="MetaBackend"/>.</summary>
    public static Device CreateMeta() => new("meta", new MetaBackend());

    /// <inheritdoc/>
    public override string ToString() => Name;
}
