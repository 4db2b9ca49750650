namespace Fovea.Lab.Studies;

/// <summary>
/// Are two configurations different, or could other seeds and other test images have turned the result around? A
/// bootstrap over both: each resample draws as many seeds and as many test images as there are, with replacement, and
/// takes the difference of the two mean accuracies over them. It is paired: both configurations see the same draw.
/// Drawn from a few seeds, means vary too little: their distance from the mean of all seeds is stretched, so that an
/// interval is as wide as Student's.
/// </summary>
/// <remarks>
/// Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 8 (paired data), 13 (percentile
/// interval) and 16 (tests). With one seed only images are drawn, and the result says nothing about other seeds.
/// </remarks>
public static class PairedBootstrap
{
    /// <summary>Resamples; the smallest p-value is 2 / (this + 1).</summary>
    public const int Resamples = 10_000;

    /// <summary>Compares all pairs.</summary>
    /// <param name="right">True for each image that was classified correctly, <c>[configuration][seed][image]</c>; all
    /// of one size, images in one order.</param>
    /// <param name="seed">Key of the draws.</param>
    /// <returns>One entry for each pair (a, b) with a before b, adjusted for their number (Holm 1979).</returns>
    public static IReadOnlyList<Comparison> Compare(IReadOnlyList<IReadOnlyList<bool[]>> right, ulong seed = 0)
    {
        int configurations = right.Count;
        int seeds = configurations > 0 ? right[0].Count : 0;
        int images = seeds > 0 ? right[0][0].Length : 0;
        if (configurations < 2 || images == 0) return [];

        byte[] table = Interleave(right, configurations, seeds, images);
        double[][] means = new double[Resamples][];
        Parallel.For(0, Resamples,
            i => means[i] = Resample(table, configurations, seeds, images, Philox.For(seed, "bootstrap", (ulong)i)));
        double[] observed = [.. right.Select(one => one.Average(run => run.Count(hit => hit) / (double)images))];

        List<Comparison> pairs = [];
        for (int a = 0; a < configurations; a++)
            for (int b = a + 1; b < configurations; b++)
                pairs.Add(Compare(a, b, observed[a] - observed[b],
                    [.. means.Select(mean => mean[a] - mean[b]).Order()]));
        return Adjust(pairs);
    }

    /// <summary>Image after image, so that a draw reads its values side by side.</summary>
    private static byte[] Interleave(IReadOnlyList<IReadOnlyList<bool[]>> right, int configurations, int seeds,
        int images)
    {
        int runs = configurations * seeds;
        byte[] table = new byte[images * runs];
        for (int image = 0; image < images; image++)
            for (int run = 0; run < runs; run++)
                table[image * runs + run] = right[run / seeds][run % seeds][image] ? (byte)1 : (byte)0;
        return table;
    }

    /// <summary>Mean accuracy of each configuration over drawn seeds and drawn images.</summary>
    private static double[] Resample(byte[] table, int configurations, int seeds, int images, Philox random)
    {
        int runs = configurations * seeds;
        int[] hits = new int[runs];
        for (int draw = 0; draw < images; draw++)
        {
            ReadOnlySpan<byte> row = table.AsSpan(random.Below((ulong)draw, images) * runs, runs);
            for (int run = 0; run < runs; run++) hits[run] += row[run];
        }

        double stretch = Stretch(seeds);
        double[] means = new double[configurations];
        for (int draw = 0; draw < seeds; draw++)
        {
            int chosen = random.Below((ulong)(images + draw), seeds);
            for (int one = 0; one < configurations; one++)
            {
                int drawn = hits[one * seeds + chosen];
                int own = hits[one * seeds + draw];
                means[one] += (own + stretch * (drawn - own)) / ((double)images * seeds);
            }
        }

        return means;
    }

    /// <summary>
    /// √(n / (n − 1)), by which n drawn seeds vary less than n new ones, times the 97.5th percentile of Student's t
    /// with n − 1 degrees of freedom over that of the normal distribution, because the spread itself is known from n
    /// seeds only.
    /// </summary>
    private static double Stretch(int seeds)
    {
        if (seeds == 1) return 1;
        const double Z = 1.959964;
        ReadOnlySpan<double> few = [12.706205, 4.302653, 3.182446, 2.776445, 2.570582];
        double freedom = seeds - 1;
        double t = seeds - 2 < few.Length
            ? few[seeds - 2]
            // Abramowitz and Stegun 26.7.5
            : Z + (Math.Pow(Z, 3) + Z) / (4 * freedom)
            + (5 * Math.Pow(Z, 5) + 16 * Math.Pow(Z, 3) + 3 * Z) / (96 * freedom * freedom);
        return Math.Sqrt(seeds / freedom) * t / Z;
    }

    private static Comparison Compare(int a, int b, double difference, double[] sorted)
    {
        const double Rounding = 1e-12;   // sums of the same numbers in another order are equal
        int below = sorted.Count(value => value <= Rounding);
        int above = sorted.Count(value => value >= -Rounding);
        double p = Math.Min(1, 2 * (Math.Min(below, above) + 1.0) / (sorted.Length + 1));
        return new(a, b, difference, Percentile(sorted, 0.025), Percentile(sorted, 0.975), p, p);
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted[(int)Math.Round(share * (sorted.Length - 1))];

    /// <summary>Holm's step-down: the k-th smallest of n p-values is multiplied by n − k + 1, and none falls below one
    /// before it.</summary>
    private static Comparison[] Adjust(List<Comparison> pairs)
    {
        Comparison[] ordered = [.. pairs.OrderBy(pair => pair.P)];
        double least = 0;
        for (int i = 0; i < ordered.Length; i++)
        {
            least = Math.Max(least, Math.Min(1, ordered[i].P * (ordered.Length - i)));
            ordered[i] = ordered[i] with { AdjustedP = least };
        }

        return [.. ordered.OrderBy(pair => pair.A).ThenBy(pair => pair.B)];
    }
}

/// <summary>Difference of two configurations.</summary>
/// <param name="A">Number of the first.</param>
/// <param name="B">Number of the second.</param>
/// <param name="Difference">Mean accuracy of the first minus that of the second.</param>
/// <param name="Low">Lower end of the 95 % interval of the difference.</param>
/// <param name="High">Its upper end.</param>
/// <param name="P">Two-sided p-value of no difference.</param>
/// <param name="AdjustedP">The same, adjusted for the number of comparisons.</param>
public sealed record Comparison(int A, int B, double Difference, double Low, double High, double P, double AdjustedP)
{
    /// <summary>Below this an adjusted p-value is taken for a difference.</summary>
    public const double Level = 0.05;

    /// <summary>The difference is marked.</summary>
    public bool IsSignificant => AdjustedP < Level;
}
