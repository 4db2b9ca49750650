namespace Fovea.Torch.Native;

/// <summary>Number of tensors of libtorch that this process owns: made and taken in, less deleted and given
/// away.</summary>
internal static class HandleCount
{
    private static long _live, _made;

    /// <summary>Handles that are owned now.</summary>
    public static long Live => Interlocked.Read(ref _live);

    /// <summary>Handles that were ever owned.</summary>
    public static long Made => Interlocked.Read(ref _made);

    public static void Add()
    {
        Interlocked.Increment(ref _live);
        Interlocked.Increment(ref _made);
    }

    public static void Remove() => Interlocked.Decrement(ref _live);
}
