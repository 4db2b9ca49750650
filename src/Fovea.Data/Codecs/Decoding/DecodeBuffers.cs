using System.Buffers;
using System.Runtime.CompilerServices;

namespace Fovea.Data.Codecs.Decoding;

/// <summary>Memory for as long as an image is decoded. Usual sizes are kept for the next one; large ones are not, or
/// each worker would hold what its largest image took.</summary>
internal static class DecodeBuffers
{
    private const long MostKept = 64 << 20, MostWaste = 1 << 30;

    private static long _waste;

    /// <summary>An array of at least <paramref name="length"/> elements, whose values are undefined.</summary>
    public static T[] Rent<T>(int length)
        where T : unmanaged =>
        IsKept<T>(length) ? ArrayPool<T>.Shared.Rent(length) : GC.AllocateUninitializedArray<T>(length);

    /// <summary>Gives an array of <see cref="Rent"/> back.</summary>
    public static void Return<T>(T[] array)
        where T : unmanaged
    {
        if (IsKept<T>(array.Length))
        {
            if (array.Length > 0) ArrayPool<T>.Shared.Return(array);
            return;
        }

        // The collector sees no hurry on a large machine: it would let several times the budget gather.
        if (Interlocked.Add(ref _waste, (long)array.Length * Unsafe.SizeOf<T>()) < MostWaste) return;
        Interlocked.Exchange(ref _waste, 0);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
    }

    private static bool IsKept<T>(long length) => length * Unsafe.SizeOf<T>() <= MostKept;
}
