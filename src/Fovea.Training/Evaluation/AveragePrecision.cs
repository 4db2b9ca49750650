namespace Fovea.Training.Evaluation;

/// <summary>Average precision of a ranking.</summary>
public static class AveragePrecision
{
    /// <summary>
    /// Σ_n (R_n − R_n−1) P_n over the different scores from the highest down, with precision P_n and recall R_n of the
    /// images that have at least that score: images of equal scores come together, so that their order does not
    /// matter.
    /// </summary>
    /// <param name="scores">Of each image.</param>
    /// <param name="isPositive">Whether it has the class.</param>
    /// <returns>0 to 1; null without positives.</returns>
    public static double? Of(ReadOnlySpan<float> scores, ReadOnlySpan<bool> isPositive)
    {
        int[] order = new int[scores.Length];
        float[] keys = new float[scores.Length];
        for (int i = 0; i < order.Length; i++) (order[i], keys[i]) = (i, -scores[i]);
        Array.Sort(keys, order);
        int positives = 0, found = 0;
        foreach (bool one in isPositive) positives += one ? 1 : 0;
        if (positives == 0) return null;
        double area = 0;
        for (int i = 0; i < order.Length;)
        {
            int before = found, end = i;
            for (; end < order.Length && keys[end] == keys[i]; end++) found += isPositive[order[end]] ? 1 : 0;
            if (end == i) end++;   // a score that is no number is equal to none
            area += (double)(found - before) / positives * found / end;
            i = end;
        }

        return area;
    }
}
