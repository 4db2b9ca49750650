namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Attention(in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums)
    {
        (int batch, int tokens, int heads, int headDim, _) = arguments;
        double[] x = Values(qkv), to = Values(y), sums = Values(logSums), scores = new double[tokens];
        for (int b = 0; b < batch; b++)
            for (int head = 0; head < heads; head++)
                for (int i = 0; i < tokens; i++)
                {
                    for (int j = 0; j < tokens; j++) scores[j] = Score(arguments, x, b, head, i, j);
                    (double largest, double logSum) = LogSumExp(scores);
                    sums[(b * heads + head) * tokens + i] = largest + logSum;

                    Span<double> result = to.AsSpan(((b * tokens + i) * heads + head) * headDim, headDim);
                    result.Clear();
                    for (int j = 0; j < tokens; j++)
                        AddScaled(Math.Exp(scores[j] - largest - logSum), Vector(arguments, x, b, j, 2, head), result);
                }
    }

    /// <summary>
    /// With p_ij = exp(scale q_i·k_j − logSum_i), D_i = dy_i·y_i and ds_ij = scale p_ij (dy_i·v_j − D_i):
    /// dv_j = Σ_i p_ij dy_i, dq_i = Σ_j ds_ij k_j, dk_j = Σ_i ds_ij q_i.
    /// </summary>
    public override void AttentionBackward(
        in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums, Storage dy, Storage dqkv, bool accumulate)
    {
        (int batch, int tokens, int heads, int headDim, float scale) = arguments;
        double[] x = Values(qkv), results = Values(y), sums = Values(logSums), gradients = Values(dy), to = Values(dqkv);
        Clear(to, batch * tokens * 3 * heads * headDim, accumulate);
        for (int b = 0; b < batch; b++)
            for (int head = 0; head < heads; head++)
                for (int i = 0; i < tokens; i++)
                {
                    int offset = ((b * tokens + i) * heads + head) * headDim;
                    ReadOnlySpan<double> result = results.AsSpan(offset, headDim), gradient = gradients.AsSpan(offset, headDim);
                    double logSum = sums[(b * heads + head) * tokens + i], d = Dot(gradient, result);
                    for (int j = 0; j < tokens; j++)
                    {
                        double p = Math.Exp(Score(arguments, x, b, head, i, j) - logSum);
                        double ds = scale * p * (Dot(gradient, Vector(arguments, x, b, j, 2, head)) - d);
                        AddScaled(p, gradient, Vector(arguments, to, b, j, 2, head));
                        AddScaled(ds, Vector(arguments, x, b, j, 1, head), Vector(arguments, to, b, i, 0, head));
                        AddScaled(ds, Vector(arguments, x, b, i, 0, head), Vector(arguments, to, b, j, 1, head));
                    }
                }
    }

    /// <summary>scale · q_i·k_j.</summary>
    private static double Score(in AttentionArguments arguments, double[] qkv, int batch, int head, int i, int j) =>
        arguments.Scale * Dot(Vector(arguments, qkv, batch, i, 0, head), Vector(arguments, qkv, batch, j, 1, head));

    /// <summary>One head's query (part 0), key (1) or value (2) of a token in <c>[batch, token, 3, head, headDim]</c>.</summary>
    private static Span<double> Vector(in AttentionArguments arguments, double[] qkv, int batch, int token, int part, int head) =>
        qkv.AsSpan((((batch * arguments.Tokens + token) * 3 + part) * arguments.Heads + head) * arguments.HeadDim, arguments.HeadDim);

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
