namespace Fovea.Core;

/// <summary>The memory that this process may have, and sentences for what does not fit.</summary>
public static class MemoryLimit
{
    /// <summary>Bytes that this process may use: of the machine, the container or the limit that was set for
    /// it.</summary>
    public static long Available => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="bytes">Bytes that it takes.</param>
    /// <param name="what">What takes them, e.g. <c>a batch of 8 images of 3 x 32 x 32</c>.</param>
    /// <param name="remedy">Options that lower it.</param>
    /// <param name="processes">Processes of this machine that each take as much, 1 or more.</param>
    /// <exception cref="UsageException">There is less memory.</exception>
    public static void Require(double bytes, string what, string remedy, int processes = 1)
    {
        long available = Available / processes;
        if (bytes <= available) return;
        throw new UsageException($"{what} takes {ByteSize.Text(bytes)} of memory, and there is "
            + ByteSize.Text(available) + (processes == 1 ? "." : $" for each of {processes} ranks on this machine."))
        {
            Remedy = remedy
        };
    }
}
