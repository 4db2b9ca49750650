
namespace Fovea.Tensors;

/// <summary>Place where tensors live and are computed: a name and the backend behind it.</summary>
public sealed class Device
{
    private const string PinningVariable = "FOVEA_PIN";

    private static readonly Lazy<Device> DefaultCpu = new(() => CreateCpu());
    private static readonly Lazy<Device> DefaultReference = new(CreateReference);
    private static readonly Lock RegistryGate = new();

    private static readonly OrderedDictionary<string, Registered> Registry = new(StringComparer.OrdinalIgnoreCase)
    {
        ["cpu"] = new(OpenCpu,
            () => [new("cpu", true, $"{Environment.ProcessorCount} processors",
                GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)]),
        ["reference"] = new(request => Single(request, Reference),
            () => [new("reference", true, "definitions in double precision, slow")]),
    };

    /// <summary>A device over any backend, one of another assembly for example.</summary>
    /// <param name="name">The name for messages.</param>
    /// <param name="backend">The primitives.</param>
    public Device(string name, Backend backend)
    {
        Name = name;
        Backend = backend;
    }

    /// <summary>The CPU with all cores and the widest instruction set (or the one named by <c>FOVEA_ISA</c>).</summary>
    public static Device Cpu => DefaultCpu.Value;

    /// <summary>Plain scalar loops in double precision: the definition of every primitive.</summary>
    public static Device Reference => DefaultReference.Value;

    /// <summary>Pinning where nobody says which: <c>FOVEA_PIN</c>, else <see cref="Pinning.None"/>.</summary>
    /// <exception cref="UsageException">The variable has another value.</exception>
    public static Pinning StandardPinning => Environment.GetEnvironmentVariable(PinningVariable) switch
    {
        null or "" => Pinning.None,
        string text when Enum.GetNames<Pinning>().FirstOrDefault(name =>
            name.Equals(text, StringComparison.OrdinalIgnoreCase)) is string name => Enum.Parse<Pinning>(name),
        string text => throw new UsageException($"{PinningVariable} is '{text}', which is not none or cores."),
    };

    /// <summary>Names that <see cref="Open"/> takes, in the order in which they were registered; the first is the usual
    /// one.</summary>
    public static IReadOnlyList<string> Names
    {
        get
        {
            lock (RegistryGate) return [.. Registry.Keys];
        }
    }

    // Set by the folder of this assembly's devices, which know this class and not the other way round.
    internal static Func<int, string?, Precision, Pinning, Backend>? CpuFactory { get; set; }

    internal static Func<Backend>? ReferenceFactory { get; set; }

    internal static Func<Backend>? MetaFactory { get; set; }

    /// <summary>The name for messages, e.g. <c>cpu</c>.</summary>
    public string Name { get; }

    /// <summary>The primitives behind this device.</summary>
    public Backend Backend { get; }

    /// <summary>Adds a kind of device for this process. Call it before the command line or a recipe is read.</summary>
    /// <param name="name">The name for <see cref="Open"/>, without a colon; capitals do not matter.</param>
    /// <param name="factory">Opens one of these devices; it may return the same one each time.</param>
    /// <param name="describe">Says which of these devices there are; null: one, without details.</param>
    /// <exception cref="ArgumentException">The name is empty, has a colon, or is taken.</exception>
    public static void Register(string name, Func<DeviceRequest, Device> factory,
        Func<IReadOnlyList<DeviceDescription>>? describe = null)
    {
        if (name.Length == 0 || name.Contains(':'))
            throw new ArgumentException($"Device: '{name}' cannot be the name of a device.", nameof(name));
        lock (RegistryGate)
            if (!Registry.TryAdd(name, new(factory, describe ?? (() => [new(name, true, "")]))))
                throw new ArgumentException($"Device: '{name}' is registered already.", nameof(name));
    }

    /// <summary>Opens the device of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>; behind a colon, which one of several, e.g. <c>cuda:1</c>.</param>
    /// <param name="threads">Threads that compute on this machine, 1 or more; null: all cores. Results do not depend on
    /// it.</param>
    /// <param name="precision">How it computes products.</param>
    /// <param name="pinning">Whether those threads have processors of their own, on the device <c>cpu</c>; null: as
    /// <c>FOVEA_PIN</c> says (<see cref="StandardPinning"/>).</param>
    /// <exception cref="UsageException">No device has this name; the message lists those that there are. Or it has no
    /// such precision, or does not pin threads.</exception>
    public static Device Open(string name, int? threads = null, Precision precision = Precision.Fp32,
        Pinning? pinning = null)
    {
        string[] parts = name.Split(':', 2);
        Registered? kind;
        lock (RegistryGate) Registry.TryGetValue(parts[0], out kind);
        if (kind is null) throw new UsageException("device: " + NearestName.Message("device", name, Names));
        if (pinning == Pinning.Cores && !parts[0].Equals("cpu", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"the device '{name}' does not pin threads; cpu does.") { Field = "pin" };
        return kind.Open(new DeviceRequest(parts.Length > 1 ? parts[1] : "", threads, precision, pinning));
    }

    /// <summary>All kinds of devices: which there are on this machine, and what others lack.</summary>
    public static IReadOnlyList<DeviceDescription> Describe()
    {
        Registered[] kinds;
        lock (RegistryGate) kinds = [.. Registry.Values];
        return [.. kinds.SelectMany(kind => kind.Describe())];
    }

    /// <summary>One device by its name; null where it is not there.</summary>
    public static DeviceDescription? Describe(string name)
    {
        Registered? kind;
        lock (RegistryGate) Registry.TryGetValue(name.Split(':')[0], out kind);
        return kind?.Describe().FirstOrDefault(device => device.IsThere
            && device.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A device's name as it was registered, with what stands behind the colon; null where <see cref="Open"/>
    /// would not know it.</summary>
    public static string? Find(string name)
    {
        string kind = name.Split(':')[0];
        return Names.FirstOrDefault(known => known.Equals(kind, StringComparison.OrdinalIgnoreCase)) is string found
            ? found + name[kind.Length..]
            : null;
    }

    /// <summary>A CPU device with its own worker pool.</summary>
    /// <param name="threads">Threads that compute, 1 or more; 0 takes all cores. Results do not depend on it.</param>
    /// <param name="instructionSet"><c>avx512</c>, <c>avx2</c>, <c>vector128</c> or <c>scalar</c>; null:
    /// <c>FOVEA_ISA</c>, else the widest there is.</param>
    /// <param name="precision">How linear layers compute: <see cref="Precision.Fp32"/>, <see cref="Precision.Bf16"/>,
    /// or for inference <see cref="Precision.Int8"/>.</param>
    /// <param name="pinning">Whether threads have processors of their own; null: <see cref="StandardPinning"/>.</param>
    /// <exception cref="ArgumentException">A negative count, or an instruction set that this machine lacks.</exception>
    /// <exception cref="UsageException"><c>FOVEA_PIN</c> is none of its values.</exception>
    public static Device CreateCpu(int threads = 0, string? instructionSet = null,
        Precision precision = Precision.Fp32, Pinning? pinning = null) =>
        new("cpu", CpuFactory!(threads, instructionSet, precision, pinning ?? StandardPinning));

    /// <summary>A reference device of its own, whose memory is counted apart from <see cref="Reference"/>'s.</summary>
    public static Device CreateReference() => new("reference", ReferenceFactory!());

    /// <summary>A device that computes nothing and only knows sizes, to see what a model takes. For one
    /// thread.</summary>
    public static Device CreateMeta() => new("meta", MetaFactory!());

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static Device OpenCpu(DeviceRequest request) => request.Precision switch
    {
        Precision.Tf32 => throw new UsageException("the device 'cpu' computes in fp32, bf16 or int8, not in tf32.")
        {
            Field = "precision",
            Remedy = "tf32 is a precision of NVIDIA's cards.",
        },
        Precision.Fp32 when request is { Threads: null, Pinning: null } => Cpu,
        Precision precision => CreateCpu(request.Threads ?? 0, precision: precision, pinning: request.Pinning),
    };

    private static Device Single(DeviceRequest request, Device device) =>
        request.Precision == Precision.Fp32
            ? device
            : throw new UsageException($"the device '{device}' computes in fp32 only.")
            {
                Field = "precision",
                Remedy = "The devices cpu, torch, cuda, mps and xpu have others.",
            };

    private sealed record Registered(Func<DeviceRequest, Device> Open, Func<IReadOnlyList<DeviceDescription>> Describe);
}

/// <summary>Options for opening a device; see <see cref="Device.Register"/>.</summary>
/// <param name="Index">The text behind the colon of a name such as <c>cuda:1</c>; empty without a colon.</param>
/// <param name="Threads">Threads that compute on this machine; null: all cores.</param>
/// <param name="Precision">How it computes products.</param>
/// <param name="Pinning">Whether those threads have processors of their own; null: the device's choice.</param>
public sealed record DeviceRequest(string Index, int? Threads, Precision Precision = Precision.Fp32,
    Pinning? Pinning = null);
