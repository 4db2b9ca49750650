namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override bool PreparesHeads => true;

    public override void PrepareHeads(in HeadPreparation arguments, Storage y)
    {
        HeadPreparation a = arguments;
        double[] from = Values(a.Packed), to = Values(y);
        from.AsSpan(0, a.Rows * 3 * a.Width).CopyTo(to);
        foreach ((int row, int head, int part, int at) in Vectors(a))
        {
            double[] x = from[at..(at + a.HeadDim)];
            if ((part == 0 ? a.Queries : a.Keys) is { } norm)
            {
                int vector = row * a.Heads + head;
                double mean = norm.Mean is null ? 0 : x.Average(),
                    rstd = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + norm.Epsilon);
                if (norm.Mean is not null) Values(norm.Mean)[vector] = mean;
                Values(norm.Rstd)[vector] = rstd;
                for (int i = 0; i < x.Length; i++)
                    x[i] = (x[i] - mean) * rstd * Values(norm.Gamma)[i] + (Maybe(norm.Beta)?[i] ?? 0);
            }

            Turn(a, x, row, head, 1).CopyTo(to, at);
        }
    }

    /// <summary>A rotation's transpose turns back; what norms make of that is <see cref="LayerNormBackward(Storage,
    /// Storage, Storage?, Storage, Storage, int, int, in LinearInputGradients)"/>.</summary>
    public override void PrepareHeadsBackward(in HeadPreparation arguments, Storage dy, in LinearInputGradients queries,
        in LinearInputGradients keys)
    {
        HeadPreparation a = arguments;
        (LinearInputGradients ofQueries, LinearInputGradients ofKeys) = (queries, keys);
        double[] from = Values(a.Packed), given = Values(dy);
        double[] dx = given[..(a.Rows * 3 * a.Width)];
        double[][] sums = [.. Enumerable.Range(0, 4).Select(_ => new double[a.HeadDim])];
        foreach ((int row, int head, int part, int at) in Vectors(a))
        {
            double[] d = Turn(a, given[at..(at + a.HeadDim)], row, head, -1);
            if ((part == 0 ? a.Queries : a.Keys) is { } norm)
            {
                int vector = row * a.Heads + head;
                double mean = Maybe(norm.Mean)?[vector] ?? 0, rstd = Values(norm.Rstd)[vector];
                double[] u = [.. from[at..(at + a.HeadDim)].Select(value => (value - mean) * rstd)],
                    g = [.. d.Select((value, i) => value * Values(norm.Gamma)[i])];
                double meanG = norm.Mean is null ? 0 : g.Average(),
                    meanGu = g.Select((value, i) => value * u[i]).Average();
                for (int i = 0; i < d.Length; i++)
                {
                    sums[2 * part][i] += d[i] * u[i];
                    sums[2 * part + 1][i] += d[i];
                    d[i] = rstd * (g[i] - meanG - u[i] * meanGu);
                }
            }

            d.CopyTo(dx, at);
        }

        if (ofQueries.Dx is { } target)
            for (int i = 0; i < dx.Length; i++) Put(ref Values(target)[i], dx[i], target.Accumulate);
        Target?[] targets = [ofQueries.Dgamma, ofQueries.Dbeta, ofKeys.Dgamma, ofKeys.Dbeta];
        for (int which = 0; which < targets.Length; which++)
            for (int i = 0; targets[which] is { } of && i < a.HeadDim; i++)
                Put(ref Values(of)[i], sums[which][i], of.Accumulate);
    }

    /// <summary>Every query (part 0) and key (part 1), and where it begins.</summary>
    private static IEnumerable<(int Row, int Head, int Part, int At)> Vectors(HeadPreparation a)
    {
        for (int row = 0; row < a.Rows; row++)
            for (int part = 0; part < 2; part++)
                for (int head = 0; head < a.Heads; head++)
                    yield return (row, head, part, (row * 3 + part) * a.Width + head * a.HeadDim);
    }

    /// <summary>A vector turned by the angles of its token and head, or back.</summary>
    private static double[] Turn(in HeadPreparation a, double[] x, int row, int head, int direction)
    {
        if (a.Cosines is null) return x;
        int half = a.HeadDim / 2, angles = (row % a.Tokens * a.AngleHeads + (a.AngleHeads == 1 ? 0 : head)) * half;
        double[] turned = new double[a.HeadDim];
        for (int i = 0; i < half; i++)
        {
            double cos = Values(a.Cosines)[angles + i], sin = direction * Values(a.Sines!)[angles + i];
            turned[i] = x[i] * cos - x[i + half] * sin;
            turned[i + half] = x[i + half] * cos + x[i] * sin;
        }

        return turned;
    }
}
