namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Something that is summed along an axis.</summary>
internal interface IAxisSum
{
    /// <summary>The sum becomes empty.</summary>
    void Clear();

    /// <summary>Takes what lies at a position into the sum.</summary>
    void Add(int position);

    /// <summary>Gives the sum, one part of it, to the reader at a position.</summary>
    void Read(int position);
}

/// <summary>Sums over windows that slide along an axis, in a number of additions that does not depend on the window's
/// length.</summary>
internal static class AxisSums
{
    /// <summary>
    /// Gives each reader i of 0 .. size−1 the sum over positions i−high .. i−low inside the axis, in up to two parts.
    /// Nothing is ever subtracted: positions are cut into blocks as long as the window, and a window is the end of one
    /// block and the beginning of the next; ends are summed backwards from the block's last position, beginnings
    /// forwards from its first (van Herk 1992; Gil and Werman 1993). A sum that adds what enters and subtracts what
    /// leaves would keep the rounding of large terms long after they left, and features span many orders of magnitude.
    /// </summary>
    internal static void Slide<TSum>(int size, int low, int high, ref TSum sum)
        where TSum : struct, IAxisSum
    {
        int length = high - low + 1;
        for (int start = 0; start < size; start += length)
        {
            Ends(size, start, Math.Min(start + length, size) - 1, high, ref sum);
            Beginnings(size, start, Math.Min(start + length - 2, size - 1 - low), low, ref sum);
        }
    }

    /// <summary>Windows that start at a position of the block: the rest of the block from there.</summary>
    private static void Ends<TSum>(int size, int start, int last, int high, ref TSum sum)
        where TSum : struct, IAxisSum
    {
        int first = Math.Max(start, -high);   // before it nobody's window starts
        if (first > last || start + high >= size) return;
        sum.Clear();
        for (int position = last; position >= first; position--)
        {
            sum.Add(position);
            if (position + high < size) sum.Read(position + high);
        }
    }

    /// <summary>Windows that end at a position of the block but its last: the block up to there.</summary>
    private static void Beginnings<TSum>(int size, int start, int last, int low, ref TSum sum)
        where TSum : struct, IAxisSum
    {
        if (last < start || last + low < 0) return;
        sum.Clear();
        for (int position = start; position <= last; position++)
        {
            if (position < size) sum.Add(position);
            if (position + low >= 0) sum.Read(position + low);
        }
    }
}
