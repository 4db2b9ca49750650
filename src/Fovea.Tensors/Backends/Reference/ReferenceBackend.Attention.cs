namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Attention(in AttentionArguments arguments, Storage y, Storage logSums)
    {
        (int queries, int keys, int heads, int headDim) = (arguments.Queries, arguments.Keys, arguments.Heads,
            arguments.HeadDim);
        double[] to = Values(y), sums = Values(logSums), scores = new double[keys];
        for (int sequence = 0; sequence < arguments.Batch * heads; sequence++)
            for (int i = 0; i < queries; i++)
            {
                (int b, int head) = Math.DivRem(sequence, heads);
                for (int j = 0; j < keys; j++) scores[j] = Score(arguments, b, head, i, j);
                (double largest, double logSum) = LogSumExp(scores);
                sums[sequence * queries + i] = largest + logSum;

                Span<double> result = to.AsSpan(((b * queries + i) * heads + head) * headDim, headDim);
                result.Clear();
                for (int j = 0; j < keys; j++)
                    AddScaled(Math.Exp(scores[j] - largest - logSum),
                        Vector(arguments.V, arguments, arguments.Keys, b, j, head), result);
            }
    }

    /// <summary>
    /// With p_ij = exp(s_ij − logSum_i), D_i = dy_i·y_i and ds_ij = p_ij (dy_i·v_j − D_i): dv_j = Σ_i p_ij dy_i; the
    /// rest per <see cref="AddScore"/>.
    /// </summary>
    public override void AttentionBackward(
        in AttentionArguments arguments, Storage y, Storage logSums, Storage dy, in AttentionGradients gradients)
    {
        (int queries, int keys, int heads, int headDim) = (arguments.Queries, arguments.Keys, arguments.Heads,
            arguments.HeadDim);
        double[] results = Values(y), sums = Values(logSums), from = Values(dy);
        Clear(arguments, gradients);
        for (int sequence = 0; sequence < arguments.Batch * heads; sequence++)
            for (int i = 0; i < queries; i++)
            {
                (int b, int head) = Math.DivRem(sequence, heads);
                int offset = ((b * queries + i) * heads + head) * headDim;
                ReadOnlySpan<double> result = results.AsSpan(offset, headDim), gradient = from.AsSpan(offset, headDim);
                double logSum = sums[sequence * queries + i], d = Dot(gradient, result);
                for (int j = 0; j < keys; j++)
                {
                    double p = Math.Exp(Score(arguments, b, head, i, j) - logSum);
                    double dp = Dot(gradient, Vector(arguments.V, arguments, keys, b, j, head));
                    AddScaled(p, gradient, Vector(gradients.V.View, arguments, keys, b, j, head));
                    AddScore(arguments, gradients, b, head, i, j, p * (dp - d));
                }
            }
    }

    public override void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials)
    {
        (int tokens, int heads, int headDim) = (arguments.Keys, arguments.Heads, arguments.HeadDim);
        double[] to = Values(y), saved = Values(potentials);
        for (int sequence = 0; sequence < arguments.Batch * heads; sequence++)
        {
            (int b, int head) = Math.DivRem(sequence, heads);
            double[][] history = Potentials(saved, sequence, iterations, tokens);
            for (int t = 0; t < iterations; t++)
            {
                double[] before = t == 0 ? new double[tokens] : history[t - 1];
                for (int i = 0; i < tokens; i++)
                {
                    double[] line = new double[tokens];
                    for (int j = 0; j < tokens; j++)
                        line[j] = (t % 2 == 0 ? Score(arguments, b, head, i, j) : Score(arguments, b, head, j, i))
                        + before[j];
                    (double largest, double logSum) = LogSumExp(line);
                    history[t][i] = -largest - logSum;
                }

                history[t].CopyTo(saved, (sequence * iterations + t) * tokens);
            }

            for (int i = 0; i < tokens; i++)
            {
                Span<double> result = to.AsSpan(((b * tokens + i) * heads + head) * headDim, headDim);
                result.Clear();
                for (int j = 0; j < tokens; j++)
                    AddScaled(Math.Exp(LogPlan(arguments, history, iterations, b, head, i, j)),
                        Vector(arguments.V, arguments, tokens, b, j, head), result);
            }
        }
    }

    /// <summary>
    /// With p the doubly stochastic matrix and g_ij = p_ij (dy_i·v_j): ds = g, du = row sums of g, dv = its column
    /// sums. Then back through each iteration, e.g. u_i = −log Σ_j exp(s_ij + v_j) with a_ij = exp(s_ij + v_j + u_i):
    /// ds_ij −= du_i a_ij, dv_j −= Σ_i du_i a_ij.
    /// </summary>
    public override void SinkhornAttentionBackward(
        in AttentionArguments arguments, int iterations, Storage y, Storage potentials, Storage dy,
        in AttentionGradients gradients)
    {
        (int n, int heads, int headDim) = (arguments.Keys, arguments.Heads, arguments.HeadDim);
        double[] from = Values(dy), saved = Values(potentials);
        Clear(arguments, gradients);
        for (int sequence = 0; sequence < arguments.Batch * heads; sequence++)
        {
            (int b, int head) = Math.DivRem(sequence, heads);
            double[][] history = Potentials(saved, sequence, iterations, n);
            double[][] dpotentials = [.. Enumerable.Range(0, iterations).Select(_ => new double[n])];
            double[,] ds = new double[n, n];
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                {
                    ReadOnlySpan<double> gradient = from.AsSpan(((b * n + i) * heads + head) * headDim, headDim);
                    double p = Math.Exp(LogPlan(arguments, history, iterations, b, head, i, j));
                    AddScaled(p, gradient, Vector(gradients.V.View, arguments, n, b, j, head));
                    ds[i, j] = p * Dot(gradient, Vector(arguments.V, arguments, n, b, j, head));
                    dpotentials[^1][i] += ds[i, j];
                    if (iterations > 1) dpotentials[^2][j] += ds[i, j];
                }

            for (int t = iterations - 1; t >= 0; t--)
                for (int i = 0; i < n; i++)
                    for (int j = 0; j < n; j++)
                    {
                        // the potential's token, and the token of the sum
                        (int of, int over) = t % 2 == 0 ? (i, j) : (j, i);
                        double a = Math.Exp(Score(arguments, b, head, i, j) + history[t][of]
                            + (t == 0 ? 0 : history[t - 1][over]));
                        ds[i, j] -= dpotentials[t][of] * a;
                        if (t > 0) dpotentials[t - 1][over] -= dpotentials[t][of] * a;
                    }

            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) AddScore(arguments, gradients, b, head, i, j, ds[i, j]);
        }
    }

    private static double[][] Potentials(double[] saved, int sequence, int iterations, int tokens) =>
        [.. Enumerable.Range(0, iterations)
            .Select(t => saved.AsSpan((sequence * iterations + t) * tokens, tokens).ToArray())];

    private static double LogPlan(in AttentionArguments arguments, double[][] history, int iterations, int batch,
        int head, int i, int j) =>
        Score(arguments, batch, head, i, j) + history[^1][i] + (iterations > 1 ? history[^2][j] : 0);

    /// <summary>s_ij as <see cref="AttentionArguments"/> defines it; −∞ where j is hidden from i.</summary>
    private static double Score(in AttentionArguments a, int batch, int head, int i, int j)
    {
        double score = a.Scale * Dot(Vector(a.Q, a, a.Queries, batch, i, head), Vector(a.K, a, a.Keys, batch, j, head));
        if (a.Relation is not { } relation) return score;
        if (!relation.IsVisible(i, j)) return double.NegativeInfinity;
        int bucket = relation.Bucket(i, j), buckets = relation.Buckets, sequence = batch * a.Heads + head;
        if (a.QueryBias is not null) score += Values(a.QueryBias)[(sequence * a.Queries + i) * buckets + bucket];
        if (a.KeyBias is not null) score += Values(a.KeyBias)[(sequence * a.Keys + j) * buckets + bucket];
        if (a.HeadBias is not null) score += Values(a.HeadBias)[head * buckets + bucket];
        return score;
    }

    /// <summary>The gradient ds of one score goes to dq_i += scale ds k_j, dk_j += scale ds q_i, and to the
    /// biases.</summary>
    private static void AddScore(in AttentionArguments a, in AttentionGradients gradients, int batch, int head, int i,
        int j, double ds)
    {
        AddScaled(a.Scale * ds, Vector(a.K, a, a.Keys, batch, j, head),
            Vector(gradients.Q.View, a, a.Queries, batch, i, head));
        AddScaled(a.Scale * ds, Vector(a.Q, a, a.Queries, batch, i, head),
            Vector(gradients.K.View, a, a.Keys, batch, j, head));
        if (a.Relation is not { } relation) return;
        int bucket = relation.Bucket(i, j), buckets = relation.Buckets, sequence = batch * a.Heads + head;
        if (gradients.QueryBias is not null)
            Values(gradients.QueryBias)[(sequence * a.Queries + i) * buckets + bucket] += ds;
        if (gradients.KeyBias is not null) Values(gradients.KeyBias)[(sequence * a.Keys + j) * buckets + bucket] += ds;
        if (gradients.HeadBias is not null) Values(gradients.HeadBias)[sequence * buckets + bucket] += ds;
    }

    private static void Clear(in AttentionArguments a, in AttentionGradients gradients)
    {
        Clear(gradients.Q, a, a.Queries);
        Clear(gradients.K, a, a.Keys);
        Clear(gradients.V, a, a.Keys);
        int buckets = a.Relation?.Buckets ?? 0, sequences = a.Batch * a.Heads;
        if (gradients.QueryBias is not null) Clear(Values(gradients.QueryBias), sequences * a.Queries * buckets, false);
        if (gradients.KeyBias is not null) Clear(Values(gradients.KeyBias), sequences * a.Keys * buckets, false);
        if (gradients.HeadBias is not null) Clear(Values(gradients.HeadBias), sequences * buckets, false);
    }

    private static void Clear(in HeadGradient gradient, in AttentionArguments a, int tokens)
    {
        if (gradient.Accumulate) return;
        for (int b = 0; b < a.Batch; b++)
            for (int token = 0; token < tokens; token++)
                for (int head = 0; head < a.Heads; head++) Vector(gradient.View, a, tokens, b, token, head).Clear();
    }

    /// <summary>One head's vector of a token.</summary>
    private static Span<double> Vector(in HeadView view, in AttentionArguments a, int tokens, int batch, int token,
        int head) =>
        Values(view.Storage).AsSpan(view.Offset + (batch * tokens + token) * view.Stride + head * a.HeadDim, a.HeadDim);

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void AddScaled(double factor, ReadOnlySpan<double> x, Span<double> y)
    {
        for (int i = 0; i < x.Length; i++) y[i] += factor * x[i];
    }
}
