namespace Fovea.Lab.Studies;

/// <summary>
/// Are two configurations different, or could other seeds and other test images have turned the result around? A
/// bootstrap over both: each resample draws as many seeds and as many test images as there are, with replacement, and
/// adds what the images change of the mean difference over all seeds to what the seeds change of it over all images. It
/// is paired: both configurations see the same draw. Drawn from a few seeds, means vary too little: what the seeds
/// change is stretched, so that where they alone matter an interval of 95 % is about as wide as Student's. What the
/// images change is not. Differences of single seeds hold noise of images, too, so that it counts twice where seeds
/// matter little: intervals are then wider than need be.
/// </summary>
/// <remarks>
/// Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 8 (paired data), 13 (percentile
/// interval) and 16 (tests). With one seed only images are drawn, and the result says nothing about other seeds. Seeds
/// are drawn; of each such draw the share of all draws of images is computed. The stretch is that of one comparison at
/// 5 %: of three seeds whose spread outweighs that of the images, p-values far below that are too small.
/// </remarks>
public static class PairedBootstrap
{
    private const int FewestResamples = 10_000, ResamplesPerPair = 400;

    /// <summary>Resamples of a study; the smallest p-value is 2 / (this + 1). They grow with the pairs, by whose number
    /// it is multiplied.</summary>
    public static int Resamples(int pairs) =>
        (int)Math.Clamp((long)ResamplesPerPair * pairs, FewestResamples, int.MaxValue);

    /// <summary>Compares all pairs.</summary>
    /// <param name="right">True for each image that was classified correctly, <c>[configuration][seed][image]</c>; all
    /// of one size, images in one order. Null: that seed is missing; a pair is compared over the seeds that both
    /// have.</param>
    /// <param name="seed">Key of the draws.</param>
    /// <returns>One entry for each pair (a, b) with a before b that has common seeds, adjusted for their number (Holm
    /// 1979).</returns>
    public static IReadOnlyList<Comparison> Compare(IReadOnlyList<IReadOnlyList<bool[]?>> right, ulong seed = 0)
    {
        List<RunPair> pairs = [];
        for (int a = 0; a < right.Count; a++)
            for (int b = a + 1; b < right.Count; b++)
                pairs.Add(new(a, b, [.. right[a].Zip(right[b])
                    .Where(two => two is { First.Length: > 0, Second: not null })
                    .Select(two => (two.First!, two.Second!))]));
        pairs.RemoveAll(pair => pair.Runs.Count == 0);
        return Compare(pairs, Resamples(pairs.Count), seed);
    }

    /// <summary>Compares pairs that are rivals of each other.</summary>
    internal static IReadOnlyList<Comparison> Compare(IReadOnlyList<RunPair> pairs, int resamples, ulong seed = 0)
    {
        Dictionary<int, SeedDraws> draws = pairs.Select(pair => pair.Runs.Count).Distinct()
            .ToDictionary(seeds => seeds, seeds => SeedDraws.Of(seeds, seeds == 1 ? 1 : resamples, seed));
        Comparison[] compared = new Comparison[pairs.Count];
        Parallel.For(0, pairs.Count,
            i => compared[i] = Compare(pairs[i], draws[pairs[i].Runs.Count], resamples));
        return Adjust(compared);
    }

    private static Comparison Compare(RunPair pair, SeedDraws draws, int resamples)
    {
        int seeds = pair.Runs.Count, images = pair.Runs[0].A.Length;
        int[] sums = new int[images];   // difference of the right ones, over all seeds
        double[] bySeed = new double[seeds];
        for (int run = 0; run < seeds; run++)
        {
            (bool[] a, bool[] b) = pair.Runs[run];
            int ahead = 0;
            for (int image = 0; image < images; image++)
            {
                int difference = (a[image] ? 1 : 0) - (b[image] ? 1 : 0);
                sums[image] += difference;
                ahead += difference;
            }

            bySeed[run] = ahead / (double)images;
        }

        int[] counts = new int[2 * seeds + 1];
        foreach (int sum in sums) counts[sum + seeds]++;
        double observed = sums.Sum() / ((double)images * seeds), stretch = Stretch(seeds);
        double[] shifts = [.. draws.Counts.Select(drawn =>
            stretch * drawn.Zip(bySeed, (times, own) => times * (own - observed)).Sum() / seeds)];

        Tail lower = new(counts, (double)images * seeds, shifts, draws.Shares);
        Array.Reverse(counts);
        Tail upper = new(counts, (double)images * seeds, [.. shifts.Select(shift => -shift)], draws.Shares);
        double p = Math.Min(1, 2 * (resamples * Math.Min(lower.AtMost(0), upper.AtMost(0)) + 1) / (resamples + 1));
        return new(pair.A, pair.B, observed, lower.Percentile(0.025), -upper.Percentile(0.025), p, p, seeds);
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

    /// <summary>Holm's step-down: the k-th smallest of n p-values is multiplied by n − k + 1, and none falls below one
    /// before it.</summary>
    private static Comparison[] Adjust(Comparison[] pairs)
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

    /// <summary>The lower tail of the differences of all resamples.</summary>
    private sealed class Tail(int[] counts, double unit, double[] shifts, double[] shares)
    {
        private const double Rounding = 1e-7;   // of sums, which are whole numbers
        private readonly ImageDraws _images = new(counts);

        public double AtMost(double difference)
        {
            double sum = 0;
            for (int i = 0; i < shifts.Length; i++) sum += shares[i] * _images.AtMost(Whole(difference, shifts[i]));
            return sum;
        }

        /// <summary>The smallest difference that this share of resamples does not exceed, as accuracies have
        /// it.</summary>
        public double Percentile(double share)
        {
            double low = -1.5, high = 1;
            if (AtMost(low) >= share) return -1;
            if (AtMost(high) < share) return 1;
            while (high - low > 0.01 / unit)
            {
                double middle = (low + high) / 2;
                if (AtMost(middle) < share) low = middle;
                else high = middle;
            }

            double next = shifts.Min(shift => shift + (Whole(low, shift) + 1) / unit);
            return Math.Clamp(next, -1, 1);
        }

        private double Whole(double difference, double shift) => Math.Floor((difference - shift) * unit + Rounding);
    }
}

/// <summary>Runs of two configurations with the same seeds: which images they classified correctly.</summary>
/// <param name="A">Number of the first.</param>
/// <param name="B">Number of the second.</param>
/// <param name="Runs">A run of each for every seed that both have.</param>
internal sealed record RunPair(int A, int B, IReadOnlyList<(bool[] A, bool[] B)> Runs);

/// <summary>Difference of two configurations.</summary>
/// <param name="A">Number of the first.</param>
/// <param name="B">Number of the second.</param>
/// <param name="Difference">Mean accuracy of the first minus that of the second.</param>
/// <param name="Low">Lower end of the 95 % interval of the difference.</param>
/// <param name="High">Its upper end.</param>
/// <param name="P">Two-sided p-value of no difference.</param>
/// <param name="AdjustedP">The same, adjusted for the number of comparisons.</param>
/// <param name="Seeds">Seeds that both have, over which all this is.</param>
public sealed record Comparison(int A, int B, double Difference, double Low, double High, double P, double AdjustedP,
    int Seeds)
{
    /// <summary>Below this an adjusted p-value is taken for a difference.</summary>
    public const double Level = 0.05;

    /// <summary>The difference is marked.</summary>
    public bool IsSignificant => AdjustedP < Level;
}
