using System.Diagnostics.Metrics;

namespace Fovea.Torch.Native;

/// <summary>Number of tensors of libtorch that this process owns: made and taken in, less deleted and given
/// away.</summary>
/// <remarks>The meter <c>Fovea.Torch</c> shows them, and the calls of operators by name.</remarks>
internal static class HandleCount
{
    private static readonly Meter Meter = new("Fovea.Torch");
    private static long _live, _made, _calls;

    static HandleCount()
    {
        Meter.CreateObservableCounter("tensors-made", () => Made);
        Meter.CreateObservableGauge("tensors-live", () => Live);
        Meter.CreateObservableCounter("operator-calls", () => Calls);
    }

    /// <summary>Handles that are owned now.</summary>
    public static long Live => Interlocked.Read(ref _live);

    /// <summary>Handles that were ever owned.</summary>
    public static long Made => Interlocked.Read(ref _made);

    /// <summary>Calls of operators by name so far.</summary>
    public static long Calls => Interlocked.Read(ref _calls);

    public static void Add()
    {
        Interlocked.Increment(ref _live);
        Interlocked.Increment(ref _made);
    }

    /// <summary>Counts a call of an operator by name.</summary>
    public static void Called() => Interlocked.Increment(ref _calls);

    public static void Remove() => Interlocked.Decrement(ref _live);
}
