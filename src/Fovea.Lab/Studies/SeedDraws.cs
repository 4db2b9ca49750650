namespace Fovea.Lab.Studies;

/// <summary>Draws of as many seeds as there are, with replacement; those that drew the same are one.</summary>
/// <param name="Shares">Share of the resamples for each.</param>
/// <param name="Counts">How often each seed was drawn.</param>
internal sealed record SeedDraws(double[] Shares, int[][] Counts)
{
    /// <summary>Draws resamples.</summary>
    public static SeedDraws Of(int seeds, int resamples, ulong key)
    {
        Dictionary<string, int> found = [];
        char[] drawn = new char[seeds];
        for (int i = 0; i < resamples; i++)
        {
            Philox random = Philox.For(key, "bootstrap", (ulong)i);
            Array.Clear(drawn);
            for (int draw = 0; draw < seeds; draw++) drawn[random.Below((ulong)draw, seeds)]++;
            string name = new(drawn);
            found[name] = found.GetValueOrDefault(name) + 1;
        }

        return new([.. found.Values.Select(count => (double)count / resamples)],
            [.. found.Keys.Select(name => name.Select(count => (int)count).ToArray())]);
    }
}
