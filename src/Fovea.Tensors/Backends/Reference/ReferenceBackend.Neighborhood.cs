namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums)
    {
        NeighborhoodArguments a = arguments;
        double[] to = Values(y), sums = Values(logSums);
        foreach ((int batch, int head, int position, int[] keys) in Seen(a))
        {
            Span<double> query = Vector(a.Q, a, batch, a.Prefix + position, head);
            double[] scores = new double[keys.Length];
            for (int j = 0; j < keys.Length; j++)
                scores[j] = a.Scale * Dot(query, Vector(a.K, a, batch, keys[j], head));
            (double largest, double logSum) = LogSumExp(scores);
            sums[(batch * a.Heads + head) * a.Grid.Count + position] = largest + logSum;
            Span<double> result = to.AsSpan(((batch * a.Grid.Count + position) * a.Heads + head) * a.HeadDim,
                a.HeadDim);
            result.Clear();
            for (int j = 0; j < keys.Length; j++)
                AddScaled(Math.Exp(scores[j] - largest - logSum), Vector(a.V, a, batch, keys[j], head), result);
        }
    }

    /// <summary>With p_ij = exp(s_ij − logSum_i), dp_ij = dy_i·v_j and ds_ij = p_ij (dp_ij − Σ_j p_ij dp_ij): dv_j =
    /// Σ_i p_ij dy_i, dq_i = scale Σ_j ds_ij k_j, dk_j = scale Σ_i ds_ij q_i.</summary>
    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv)
    {
        NeighborhoodArguments a = arguments;
        double[] from = Values(dy), sums = Values(logSums);
        foreach (HeadGradient gradient in (HeadGradient[])[dq, dk, dv])
            for (int at = 0; !gradient.Accumulate && at < a.Batch * a.Tokens * a.Heads; at++)
                Vector(gradient.View, a, at / (a.Tokens * a.Heads), at / a.Heads % a.Tokens, at % a.Heads).Clear();
        foreach ((int batch, int head, int position, int[] keys) in Seen(a))
        {
            Span<double> query = Vector(a.Q, a, batch, a.Prefix + position, head),
                gradient = from.AsSpan(((batch * a.Grid.Count + position) * a.Heads + head) * a.HeadDim, a.HeadDim);
            double logSum = sums[(batch * a.Heads + head) * a.Grid.Count + position], mean = 0;
            double[] p = new double[keys.Length], dp = new double[keys.Length];
            for (int j = 0; j < keys.Length; j++)
            {
                p[j] = Math.Exp(a.Scale * Dot(query, Vector(a.K, a, batch, keys[j], head)) - logSum);
                dp[j] = Dot(gradient, Vector(a.V, a, batch, keys[j], head));
                mean += p[j] * dp[j];
            }

            for (int j = 0; j < keys.Length; j++)
            {
                double ds = a.Scale * p[j] * (dp[j] - mean);
                AddScaled(p[j], gradient, Vector(dv.View, a, batch, keys[j], head));
                AddScaled(ds, Vector(a.K, a, batch, keys[j], head),
                    Vector(dq.View, a, batch, a.Prefix + position, head));
                AddScaled(ds, query, Vector(dk.View, a, batch, keys[j], head));
            }
        }
    }

    /// <summary>Every position of every head, with the tokens that it sees.</summary>
    private static IEnumerable<(int Batch, int Head, int Position, int[] Keys)> Seen(NeighborhoodArguments a)
    {
        int[] all = a.Neighborhood.Keys(a.Grid, a.Prefix);
        int most = all.Length / a.Grid.Count;
        for (int batch = 0; batch < a.Batch; batch++)
            for (int head = 0; head < a.Heads; head++)
                for (int position = 0; position < a.Grid.Count; position++)
                    yield return (batch, head, position,
                        [.. all[(position * most)..((position + 1) * most)].Where(key => key >= 0)]);
    }

    private static Span<double> Vector(in HeadView view, in NeighborhoodArguments a, int batch, int token, int head) =>
        Values(view.Storage).AsSpan(view.Offset + (batch * a.Tokens + token) * view.Stride + head * a.HeadDim,
            a.HeadDim);
}
