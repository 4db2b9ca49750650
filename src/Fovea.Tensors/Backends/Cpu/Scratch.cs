namespace Fovea.Tensors.Backends.Cpu;

/// <summary>Working memory of one thread, kept between calls: packed panels, tiles of scores.</summary>
internal static unsafe class Scratch
{
    private const int Slots = 12;

    [ThreadStatic]
    private static CpuStorage?[]? _storages;

    /// <summary>At least <paramref name="count"/> floats, contents unset. Slots of one thread do not overlap; the next call for a slot reuses it.</summary>
    internal static float* Floats(int slot, int count)
    {
        CpuStorage?[] storages = _storages ??= new CpuStorage?[Slots];
        CpuStorage? storage = storages[slot];
        if (storage is null || storage.Capacity < count) storages[slot] = storage = new CpuStorage(null!, Math.Max(count, 4096)); // never returned to a pool;
        return storage.Pointer;
    }
}
