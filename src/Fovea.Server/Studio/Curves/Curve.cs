namespace Fovea.Server.Studio.Curves;

/// <summary>One measured quantity of a run over its steps, points as long as they are few, else the smallest and
/// largest of each stretch.</summary>
/// <param name="X">Steps.</param>
/// <param name="T">Seconds since the start of the run; NaN is left out as null.</param>
/// <param name="Y">Values.</param>
internal sealed record Curve(IReadOnlyList<long> X, IReadOnlyList<double?> T, IReadOnlyList<double> Y)
{
    /// <summary>The points of a quantity, thinned.</summary>
    /// <param name="steps">Step of each event.</param>
    /// <param name="seconds">Seconds of each event; NaN: not known.</param>
    /// <param name="values">Value of each event; NaN: none.</param>
    /// <param name="from">First event.</param>
    /// <param name="points">Most points.</param>
    public static Curve Of(List<long> steps, List<double> seconds, List<double> values, int from, int points)
    {
        List<int> kept = [];
        int count = 0;
        for (int i = from; i < values.Count; i++)
            if (!double.IsNaN(values[i])) count++;
        if (count <= points)
        {
            for (int i = from; i < values.Count; i++)
                if (!double.IsNaN(values[i])) kept.Add(i);
        }
        else Thin(values, from, count, points, kept);

        return new([.. kept.Select(i => steps[i])],
            [.. kept.Select(i => double.IsNaN(seconds[i]) ? (double?)null : seconds[i])],
            [.. kept.Select(i => values[i])]);
    }

    /// <summary>Keeps of each stretch the smallest and largest value, and the first and last of all, so that no peak
    /// is lost.</summary>
    private static void Thin(List<double> values, int from, int count, int points, List<int> kept)
    {
        int stretches = Math.Max(1, (points - 2) / 2), seen = 0, least = -1, most = -1, stretch = 0, last = -1;
        for (int i = from; i < values.Count; i++)
        {
            double value = values[i];
            if (double.IsNaN(value)) continue;
            int at = (int)((long)seen * stretches / count);
            if (at != stretch)
            {
                Add(least, most);
                (stretch, least, most) = (at, -1, -1);
            }

            if (kept.Count == 0 && seen == 0) kept.Add(i);
            if (least < 0 || value < values[least]) least = i;
            if (most < 0 || value > values[most]) most = i;
            (seen, last) = (seen + 1, i);
        }

        Add(least, most);
        if (kept[^1] != last) kept.Add(last);

        void Add(int low, int high)
        {
            foreach (int i in low < high ? (int[])[low, high] : [high, low])
                if (i >= 0 && (kept.Count == 0 || kept[^1] < i)) kept.Add(i);
        }
    }
}
