namespace Fovea.Data.Codecs;

/// <summary>
/// PNG's five row filters: a byte is stored as its difference from a guess made of its neighbours, which compresses better.
/// </summary>
/// <remarks>Source: PNG specification (third edition), section 9.</remarks>
internal static class PngFilter
{
    /// <summary>How many filters there are; they are numbered 0 (none), 1 (left), 2 (up), 3 (average), 4 (Paeth).</summary>
    public const int Count = 5;

    /// <summary>
    /// Filters one row. <paramref name="above"/> is the unfiltered row above (zeros for the first), <paramref name="step"/> the bytes
    /// of a pixel; <paramref name="filtered"/> is as long as <paramref name="row"/>.
    /// </summary>
    public static void Apply(int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, Span<byte> filtered)
    {
        // The first pixel has no neighbour to its left: zeros stand in.
        for (int i = 0; i < step; i++) filtered[i] = (byte)(row[i] - Guess(filter, 0, above[i], 0));

        // One loop per filter: every byte of a figure comes through here five times.
        ReadOnlySpan<byte> left = row[..^step], aboveLeft = above[..^step];
        row = row[step..];
        above = above[step..];
        filtered = filtered[step..];
        switch (filter)
        {
            case 0: row.CopyTo(filtered); break;
            case 1: for (int i = 0; i < row.Length; i++) filtered[i] = (byte)(row[i] - left[i]); break;
            case 2: for (int i = 0; i < row.Length; i++) filtered[i] = (byte)(row[i] - above[i]); break;
            case 3: for (int i = 0; i < row.Length; i++) filtered[i] = (byte)(row[i] - (left[i] + above[i]) / 2); break;
            default: for (int i = 0; i < row.Length; i++) filtered[i] = (byte)(row[i] - Paeth(left[i], above[i], aboveLeft[i])); break;
        }
    }

    /// <summary>
    /// Undoes <see cref="Apply"/> in place. <paramref name="above"/> is the unfiltered row above (zeros for the first),
    /// <paramref name="step"/> the bytes of a pixel.
    /// </summary>
    public static void Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        int first = Math.Min(step, row.Length);   // a pixel of less than 8 bits can be the whole row
        for (int i = 0; i < first; i++) row[i] += (byte)Guess(filter, 0, above[i], 0);

        Span<byte> left = row[..^first], rest = row[first..];
        ReadOnlySpan<byte> aboveLeft = above[..rest.Length];
        above = above[first..];
        switch (filter)
        {
            case 0: break;
            case 1: for (int i = 0; i < rest.Length; i++) rest[i] += left[i]; break;
            case 2: for (int i = 0; i < rest.Length; i++) rest[i] += above[i]; break;
            case 3: for (int i = 0; i < rest.Length; i++) rest[i] += (byte)((left[i] + above[i]) / 2); break;
            default: for (int i = 0; i < rest.Length; i++) rest[i] += (byte)Paeth(left[i], above[i], aboveLeft[i]); break;
        }
    }

    /// <summary>What filter number <paramref name="filter"/> expects a byte to be.</summary>
    public static int Guess(int filter, int left, int above, int aboveLeft) => filter switch
    {
        0 => 0,
        1 => left,
        2 => above,
        3 => (left + above) / 2,
        4 => Paeth(left, above, aboveLeft),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "A PNG row filter is 0 to 4."),
    };

    /// <summary>
    /// The sum of the differences' sizes, read as signed bytes: the usual estimate of how badly a row will compress.
    /// </summary>
    public static long Cost(ReadOnlySpan<byte> filtered)
    {
        long cost = 0;
        foreach (byte value in filtered) cost += Math.Abs((int)(sbyte)value);
        return cost;
    }

    private static int Paeth(int left, int above, int aboveLeft)
    {
        int estimate = left + above - aboveLeft;
        int toLeft = Math.Abs(estimate - left), toAbove = Math.Abs(estimate - above), toAboveLeft = Math.Abs(estimate - aboveLeft);
        if (toLeft <= toAbove && toLeft <= toAboveLeft) return left;
        return toAbove <= toAboveLeft ? above : aboveLeft;
    }
}
