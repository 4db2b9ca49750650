namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>Places for buffers in one piece of memory, so that none overlaps another that is in use at the same
/// time.</summary>
internal static class ArenaLayout
{
    // Kernels may write up to the next multiple of 16 elements beyond a buffer.
    private const int Slack = 16;

    /// <summary>Gives each buffer its offset: the largest first, each in the smallest gap that takes it.</summary>
    /// <returns>Floats of all together.</returns>
    internal static long Assign(IEnumerable<Lifetime> lifetimes)
    {
        List<Lifetime> placed = [];   // by offset
        long length = 0;
        foreach (Lifetime lifetime in lifetimes.Where(one => one.Last >= 0).OrderByDescending(one => one.Size))
        {
            lifetime.Offset = Place(placed, lifetime);
            int at = placed.FindIndex(other => other.Offset > lifetime.Offset);
            placed.Insert(at < 0 ? placed.Count : at, lifetime);
            length = Math.Max(length, End(lifetime));
        }

        return length;
    }

    private static long Place(List<Lifetime> placed, Lifetime lifetime)
    {
        long best = -1, smallest = long.MaxValue, free = 0, size = lifetime.Size + Slack;
        foreach (Lifetime other in placed)
        {
            if (!other.Meets(lifetime)) continue;
            long gap = other.Offset - free;
            if (gap >= size && gap < smallest) (best, smallest) = (free, gap);
            free = Math.Max(free, End(other));
        }

        return best >= 0 ? best : free;
    }

    private static long End(Lifetime lifetime) => lifetime.Offset + lifetime.Size + Slack;
}
