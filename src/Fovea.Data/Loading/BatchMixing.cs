using System.Numerics;

namespace Fovea.Data.Loading;

/// <summary>
/// Mixup and CutMix: each image of a batch is mixed with the one as far from the other end, and so are the targets.
/// One share λ, drawn from Beta(alpha, alpha), holds for the whole batch.
/// </summary>
/// <remarks><code>
/// mixup    x_i ← λ x_i + (1 - λ) x_(n-1-i)
/// cutmix   a box of (1 - λ) of the area comes from x_(n-1-i); λ becomes what is really left when the box sticks out
/// both     t_i ← λ s(y_i) + (1 - λ) s(y_(n-1-i)),    s(y) = (1 - smoothing) onehot(y) + smoothing / classes
/// </code>
/// Sources: Zhang et al. 2018, arXiv:1710.09412; Yun et al. 2019, arXiv:1905.04899; pairs, boxes and smoothing before
/// mixing as in timm (<c>data/mixup.py</c>, mode <c>batch</c>).
/// </remarks>
public sealed record BatchMixing
{
    /// <summary>Alpha of mixup; 0: never.</summary>
    public double Mixup { get; init; }

    /// <summary>Alpha of CutMix; 0: never.</summary>
    public double CutMix { get; init; }

    /// <summary>Share of the batches that are mixed, 0 to 1.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Share of CutMix where both have an alpha, 0 to 1.</summary>
    public double SwitchProbability { get; init; } = 0.5;

    /// <summary>Share of each target that is spread over all classes, 0 to 1.</summary>
    public double Smoothing { get; init; }

    /// <summary>Complains about values that make no sense.</summary>
    /// <exception cref="UsageException">Names the value and its range.</exception>
    public void Validate()
    {
        if (!(Mixup >= 0 && double.IsFinite(Mixup)))
            throw new UsageException($"mixup: must be 0 or more, not {Mixup}.");
        if (!(CutMix >= 0 && double.IsFinite(CutMix)))
            throw new UsageException($"cutmix: must be 0 or more, not {CutMix}.");
        foreach ((string name, double value) in ((string, double)[])
            [("mixing probability", Probability), ("switch probability", SwitchProbability), ("smoothing", Smoothing)])
            if (value is not (>= 0 and <= 1)) throw new UsageException($"{name}: must be from 0 to 1, not {value}.");
    }

    /// <summary>Mixes a filled batch and writes its targets; labels become the dominant ones.</summary>
    /// <param name="batch">Changed.</param>
    /// <param name="draws">Random numbers of this batch; the next stream is used too.</param>
    internal void Apply(Batch batch, Philox draws)
    {
        Philox choices = new(draws.Seed, draws.Stream + 2);   // the first two make λ
        double share = 1;
        if (Mixup + CutMix > 0 && choices.Uniform(0) < Probability)
        {
            bool cut = CutMix > 0 && (Mixup == 0 || choices.Uniform(1) < SwitchProbability);
            share = BetaDistribution.Draw(cut ? CutMix : Mixup, draws);
            if (cut) share = Cut(batch, share, choices);
            else Blend(batch, (float)share);
        }

        WriteTargets(batch, (float)share);
    }

    private static void Blend(Batch batch, float share)
    {
        int size = batch.Channels * batch.Height * batch.Width;
        for (int i = 0; i < batch.Count / 2; i++)
            Blend(batch.Images.AsSpan(i * size, size), batch.Images.AsSpan((batch.Count - 1 - i) * size, size), share);
    }

    /// <summary>Both at once, so that no copy is needed.</summary>
    private static void Blend(Span<float> one, Span<float> other, float share)
    {
        int i = 0;
        float rest = 1 - share;
        for (; i <= one.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> a = new(one[i..]), b = new(other[i..]);
            (a * share + b * rest).CopyTo(one[i..]);
            (b * share + a * rest).CopyTo(other[i..]);
        }

        for (; i < one.Length; i++)
            (one[i], other[i]) = (one[i] * share + other[i] * rest, other[i] * share + one[i] * rest);
    }

    /// <summary>Exchanges a box between partners.</summary>
    /// <returns>The share that stays.</returns>
    private static double Cut(Batch batch, double share, Philox choices)
    {
        (int top, int bottom) = Side(batch.Height, share, choices.Below(2, batch.Height));
        (int left, int right) = Side(batch.Width, share, choices.Below(3, batch.Width));
        int rows = batch.Channels * batch.Height;
        for (int i = 0; i < batch.Count / 2; i++)
        {
            for (int row = 0; row < rows; row++)
            {
                if (row % batch.Height < top || row % batch.Height >= bottom) continue;
                int one = (i * rows + row) * batch.Width, other = ((batch.Count - 1 - i) * rows + row) * batch.Width;
                Exchange(batch.Images.AsSpan(one + left, right - left),
                    batch.Images.AsSpan(other + left, right - left));
            }
        }

        return 1 - (double)((bottom - top) * (right - left)) / (batch.Height * batch.Width);
    }

    private static (int First, int End) Side(int length, double share, int middle)
    {
        int half = (int)(length * Math.Sqrt(1 - share)) / 2;
        return (Math.Max(0, middle - half), Math.Min(length, middle + half));
    }

    private static void Exchange(Span<float> one, Span<float> other)
    {
        for (int i = 0; i < one.Length; i++) (one[i], other[i]) = (other[i], one[i]);
    }

    private void WriteTargets(Batch batch, float share)
    {
        int classes = batch.Classes;
        Span<float> targets = batch.Targets.AsSpan(0, batch.Count * classes);
        float spread = (float)(Smoothing / classes), hit = (float)(1 - Smoothing);
        targets.Fill(spread);
        for (int i = 0; i < batch.Count; i++)
        {
            targets[i * classes + batch.Labels[i]] += share * hit;
            targets[i * classes + batch.Labels[batch.Count - 1 - i]] += (1 - share) * hit;
        }

        if (share < 0.5f) batch.Labels.AsSpan(0, batch.Count).Reverse();
    }
}
