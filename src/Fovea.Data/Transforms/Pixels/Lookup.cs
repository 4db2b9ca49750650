namespace Fovea.Data.Transforms.Pixels;

/// <summary>Changes that look at one sample at a time, with Pillow's arithmetic (<c>ImageOps</c> and
/// <c>Image.point</c>).</summary>
internal static class Lookup
{
    private const int Levels = 256;

    /// <summary>Replaces every sample by the table's entry.</summary>
    public static void Apply(Span<byte> samples, ReadOnlySpan<byte> table)
    {
        table = table[..Levels];   // tells the compiler that no byte is outside
        for (int i = 0; i < samples.Length; i++) samples[i] = table[samples[i]];
    }

    /// <summary><c>y = 255 - x</c>.</summary>
    public static void Invert(Span<byte> samples)
    {
        for (int i = 0; i < samples.Length; i++) samples[i] = (byte)~samples[i];
    }

    /// <summary>Keeps the upper bits, 0 to 8 of them.</summary>
    public static void Posterize(Span<byte> samples, int bits)
    {
        byte mask = (byte)(0xFF00 >> bits);
        for (int i = 0; i < samples.Length; i++) samples[i] &= mask;
    }

    /// <summary>Inverts samples from a threshold up.</summary>
    public static void Solarize(Span<byte> samples, double threshold)
    {
        Span<byte> table = stackalloc byte[Levels];
        for (int i = 0; i < Levels; i++) table[i] = (byte)(i < threshold ? i : 255 - i);
        Apply(samples, table);
    }

    /// <summary>Stretches each channel to 0 .. 255: <c>y = trunc((x - lowest) · 255 / (highest -
    /// lowest))</c>.</summary>
    public static void AutoContrast(RawImage image)
    {
        Span<int> counts = stackalloc int[Levels];
        Span<byte> table = stackalloc byte[Levels];
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Count(image.Plane(channel), counts);
            int lowest = counts.IndexOfAnyExcept(0), highest = counts.LastIndexOfAnyExcept(0);
            if (highest <= lowest) continue;
            double scale = 255.0 / (highest - lowest), offset = -lowest * scale;
            for (int i = 0; i < Levels; i++) table[i] = (byte)Math.Clamp((int)(i * scale + offset), 0, 255);
            Apply(image.Plane(channel), table);
        }
    }

    /// <summary>
    /// Makes all levels of each channel about equally frequent: <c>y = (step / 2 + Σ_{j&lt;x} count_j) / step</c> in
    /// whole numbers, with <c>step = (samples - count of the highest level) / 255</c>.
    /// </summary>
    public static void Equalize(RawImage image)
    {
        Span<int> counts = stackalloc int[Levels];
        Span<byte> table = stackalloc byte[Levels];
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> plane = image.Plane(channel);
            Count(plane, counts);
            int step = (plane.Length - counts[counts.LastIndexOfAnyExcept(0)]) / 255;
            if (step == 0) continue;   // few samples, or one level only
            int sum = step / 2;
            for (int i = 0; i < Levels; i++)
            {
                table[i] = (byte)Math.Min(255, sum / step);
                sum += counts[i];
            }

            Apply(plane, table);
        }
    }

    private static void Count(ReadOnlySpan<byte> samples, Span<int> counts)
    {
        counts.Clear();
        foreach (byte sample in samples) counts[sample]++;
    }
}
