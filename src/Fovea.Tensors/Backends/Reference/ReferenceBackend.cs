namespace Fovea.Tensors.Backends.Reference;

/// <summary>
/// The definition of every primitive: plain loops in double, one thought per line and nothing clever. Faster backends
/// are tested against it, and gradients against central differences on it.
/// </summary>
internal sealed partial class ReferenceBackend : Backend
{
    private long _liveElements;

    /// <summary>Live elements only; there is no pool, so a leak shows as growth.</summary>
    public override long AllocatedBytes => Interlocked.Read(ref _liveElements) * sizeof(double);

    /// <summary>Filled with NaN, so that whoever relies on unset contents is found out.</summary>
    public override Storage Rent(int count)
    {
        ReferenceStorage storage = new(this, count);
        Array.Fill(storage.Values, double.NaN);
        Interlocked.Add(ref _liveElements, count);
        return storage;
    }

    /// <summary>Overwritten with NaN, so that a late reader is found out.</summary>
    public override void Return(Storage storage)
    {
        Array.Fill(Values(storage), double.NaN);
        Interlocked.Add(ref _liveElements, -storage.Capacity);
    }

    public override void Trim()
    {
    }

    public override void Write(Storage destination, ReadOnlySpan<float> values, int start)
    {
        double[] to = Values(destination);
        for (int i = 0; i < values.Length; i++) to[start + i] = values[i];
    }

    public override void Write(Storage destination, ReadOnlySpan<int> values)
    {
        double[] to = Values(destination);
        for (int i = 0; i < values.Length; i++) to[i] = values[i];
    }

    public override void Read(Storage source, Span<float> values, int start)
    {
        double[] from = Values(source);
        for (int i = 0; i < values.Length; i++) values[i] = (float)from[start + i];
    }

    public override void Read(Storage source, Span<int> values)
    {
        double[] from = Values(source);
        for (int i = 0; i < values.Length; i++) values[i] = (int)from[i];
    }

    private static double[] Values(Storage storage) => ((ReferenceStorage)storage).Values;

    private static double[] Values(Target? target) => Values(target!.Value.Storage);

    /// <summary>destination (+)= value.</summary>
    private static void Put(ref double destination, double value, bool accumulate) =>
        destination = accumulate ? destination + value : value;

    private static void Clear(double[] values, int count, bool accumulate)
    {
        if (!accumulate) values.AsSpan(0, count).Clear();
    }
}
