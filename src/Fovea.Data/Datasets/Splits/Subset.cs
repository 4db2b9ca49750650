namespace Fovea.Data.Datasets.Splits;

/// <summary>Some images of another dataset.</summary>
/// <param name="source">The other dataset.</param>
/// <param name="indices">Which of its images, in this order.</param>
public sealed class Subset(IImageDataset source, IReadOnlyList<int> indices) : IImageDataset
{
    /// <inheritdoc/>
    public DatasetInfo Info => source.Info;

    /// <inheritdoc/>
    public int Count => indices.Count;

    /// <inheritdoc/>
    public int Label(int index) => source.Label(indices[index]);

    /// <inheritdoc/>
    public string? NameOf(int index) => source.NameOf(indices[index]);

    /// <inheritdoc/>
    public UInt128? HashOf(int index, bool isWhole) => source.HashOf(indices[index], isWhole);

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0) => source.Read(indices[index], image, leastSide);

    /// <summary>The other dataset.</summary>
    public IImageDataset Source => source;

    /// <summary>Number in the source of image <paramref name="index"/>.</summary>
    public int SourceIndex(int index) => indices[index];

    /// <summary>A random choice of <paramref name="count"/> images, from all classes alike as far as they go, in their
    /// order.</summary>
    /// <returns>The choice, or the dataset itself where it has no more than that.</returns>
    public static IImageDataset Balanced(IImageDataset source, int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count >= source.Count) return source;
        int[][] classes = ShuffledClasses(source, seed, "limit");
        // Rank by rank through the classes; which class comes first in a rank is drawn, so that a remainder favours
        // none.
        int[] turn = Philox.For(seed, "limit.turn").Permutation(classes.Length);
        IEnumerable<int> ranked = Enumerable.Range(0, classes.Max(members => members.Length))
            .SelectMany(rank => turn.Where(c => rank < classes[c].Length).Select(c => classes[c][rank]));
        return new Subset(source, [.. ranked.Take(count).Order()]);
    }

    /// <summary>Two parts: a random share of every class (but at least one image of two or more), and the
    /// rest.</summary>
    /// <param name="source">What to part.</param>
    /// <param name="share">Of the second part, above 0 and below 1.</param>
    /// <param name="seed">Decides which images.</param>
    public static (Subset Remaining, Subset HeldOut) HoldOut(IImageDataset source, double share, ulong seed) =>
        HoldOut(source, share, seed, "validation");

    /// <inheritdoc cref="HoldOut(IImageDataset, double, ulong)"/>
    /// <param name="source">What to part.</param>
    /// <param name="share">Of the second part, above 0 and below 1.</param>
    /// <param name="seed">Decides which images.</param>
    /// <param name="purpose">Another purpose makes another choice.</param>
    internal static (Subset Remaining, Subset HeldOut) HoldOut(IImageDataset source, double share, ulong seed,
        string purpose)
    {
        if (share is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "A held-out share lies between 0 and 1.");
        List<int> rest = [], held = [];
        int images = 0, taken = 0;
        foreach (int[] members in ShuffledClasses(source, seed, purpose))
        {
            double wanted = share * members.Length;
            int most = members.Length - 1, count = Math.Min(1, most);
            if (wanted >= 1)
            {
                // What is missing to the share of such classes so far: so roundings do not add up, and the one image of
                // each rare class costs a frequent one nothing.
                images += members.Length;
                int missing = (int)Math.Round(share * images) - taken;
                count = Math.Min(most, Math.Clamp(missing, (int)wanted, (int)Math.Ceiling(wanted)));
                taken += count;
            }

            held.AddRange(members.Take(count));
            rest.AddRange(members.Skip(count));
        }

        rest.Sort();
        held.Sort();
        return (new Subset(source, rest), new Subset(source, held));
    }

    /// <summary>A random share of every class, but at least one image of each.</summary>
    /// <param name="source">What to choose from.</param>
    /// <param name="share">Above 0 to 1. A larger share of the same seed holds the images of a smaller one.</param>
    /// <param name="seed">Decides which images.</param>
    public static IImageDataset Fraction(IImageDataset source, double share, ulong seed)
    {
        if (share is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "A share lies above 0 and up to 1.");
        if (share == 1) return source;
        IEnumerable<int> chosen = ShuffledClasses(source, seed, "fraction")
            .SelectMany(members => members.Take(Math.Max(1, (int)Math.Round(share * members.Length))));
        return new Subset(source, [.. chosen.Order()]);
    }

    /// <summary>A random choice of as many images of each class.</summary>
    /// <param name="source">What to choose from.</param>
    /// <param name="count">Images of each class, 1 or more. A larger choice of the same seed holds the images of a
    /// smaller one.</param>
    /// <param name="seed">Decides which images.</param>
    /// <exception cref="UsageException">A class has fewer.</exception>
    public static Subset PerClass(IImageDataset source, int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int[][] classes = ShuffledClasses(source, seed, "labels");
        int[] counts = new int[source.Info.Classes];
        foreach (int[] members in classes) counts[source.Label(members[0])] = members.Length;
        int scarce = Array.FindIndex(counts, images => images < count);
        if (scarce >= 0)
            throw new UsageException(
                $"{count} labelled images of each class are asked for, and class "
                    + $"'{source.Info.ClassNames[scarce]}' has {counts[scarce]} training images.")
            {
                Field = "labels-per-class",
                Remedy = "Ask for fewer, or choose other `classes`.",
            };
        return new Subset(source, [.. classes.SelectMany(members => members.Take(count)).Order()]);
    }

    /// <summary>Images by class, or by set of classes; sets of few images, which cannot be shared out one by one, count
    /// as one.</summary>
    private static int[][] ShuffledClasses(IImageDataset source, ulong seed, string purpose)
    {
        const int Few = 10;
        if (!source.Info.IsMultiLabel) return ShuffledClasses(source, source.Label, seed, purpose);
        HashSet<int> often = [.. Enumerable.Range(0, source.Count).GroupBy(source.Label)
            .Where(group => group.Count() >= Few).Select(group => group.Key)];
        int rest = source.Info.LabelSets!.Count;
        return ShuffledClasses(source, index => often.Contains(source.Label(index)) ? source.Label(index) : rest, seed,
            purpose);
    }

    private static int[][] ShuffledClasses(IImageDataset source, Func<int, int> classOf, ulong seed, string purpose) =>
        [.. Enumerable.Range(0, source.Count).GroupBy(classOf).OrderBy(group => group.Key).Select(group =>
        {
            int[] members = [.. group];
            int[] order = Philox.For(seed, purpose, (ulong)group.Key).Permutation(members.Length);
            return Array.ConvertAll(order, i => members[i]);
        })];
}
