using System.Runtime.CompilerServices;

namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Fused softmax attention: y_i = Σ_j softmax_j(scale · q_i·k_j) v_j per head, without ever storing the token ×
    /// token matrix.
    /// </summary>
    /// <param name="qkv">Packed projections <c>[batch, token, 3 · head · headDim]</c>, ordered (q, k, v), heads
    /// contiguous inside each.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim.</param>
    /// <param name="relation">Which keys a query sees and how they lie to each other; null: all, anyhow.</param>
    /// <param name="bias">Added to the scores by relative position; needs a relation.</param>
    /// <returns><c>[batch, token, head · headDim]</c>.</returns>
    /// <exception cref="ShapeException">The last axis is not 3 · heads · headDim, or relation and bias do not fit the
    /// tokens.</exception>
    public static Tensor Attention(Tensor qkv, int heads, float? scale = null, TokenRelation? relation = null,
        RelativeBias bias = default)
    {
        RequirePacked(qkv, heads);
        return Attention(new(qkv, heads, 3, 0), new(qkv, heads, 3, 1), new(qkv, heads, 3, 2), scale, relation, bias);
    }

    /// <summary>Fused softmax attention of queries over keys that may come from elsewhere and be of another
    /// number.</summary>
    /// <inheritdoc cref="Attention(Tensor, int, float?, TokenRelation?, RelativeBias)"/>
    /// <param name="queries">Who looks.</param>
    /// <param name="keys">At whom.</param>
    /// <param name="values">What is mixed.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim.</param>
    /// <param name="relation">Which keys a query sees and how they lie to each other; null: all, anyhow.</param>
    /// <param name="bias">Added to the scores by relative position; needs a relation.</param>
    /// <returns><c>[batch, query, head · headDim]</c>.</returns>
    public static Tensor Attention(
        HeadTensor queries, HeadTensor keys, HeadTensor values, float? scale = null, TokenRelation? relation = null,
        RelativeBias bias = default)
    {
        AttentionArguments arguments = Arguments(queries, keys, values, scale, relation, bias);
        Tensor?[] inputs = [queries.Tensor, keys.Tensor, values.Tensor, bias.Query, bias.Key, bias.Head];
        Tensor y = Result([arguments.Batch, arguments.Queries, arguments.Heads * arguments.HeadDim], inputs);
        Tensor logSums = Tensor.Empty([arguments.Batch, arguments.Heads, arguments.Queries], y.Device,
            origin: nameof(Attention));
        Backend backend = y.Device.Backend;
        backend.Attention(arguments, y.Storage, logSums.Storage);
        return Record(y, inputs, output => Differentiate(queries, keys, values, bias, arguments, gradients =>
            backend.AttentionBackward(arguments, output.Storage, logSums.Storage, GradientOf(output), gradients)),
                logSums);
    }

    /// <summary>
    /// Fused doubly stochastic attention (Sander et al. 2022, arXiv:2110.11773): the softmax over keys alternates with
    /// one over queries, in the log domain; <c>y_i = Σ_j exp(s_ij + u_i + v_j) v_j</c>. Memory beyond the inputs:
    /// iterations · tokens per head. Exact gradients through all iterations.
    /// </summary>
    /// <inheritdoc cref="Attention(Tensor, int, float?, TokenRelation?, RelativeBias)"/>
    /// <param name="qkv">Packed projections <c>[batch, token, 3 · head · headDim]</c>, ordered (q, k, v), heads
    /// contiguous inside each.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="iterations">Normalisations: rows, columns, rows, ...; 1 is softmax attention. With an odd number
    /// rows come last and sum to 1. With an even one columns do: an unfused path, which keeps the scores of all
    /// iterations, and takes no relation.</param>
    /// <param name="scale">Factor of q·k, with the temperature ε in it; null: 1/√headDim.</param>
    /// <param name="relation">Which keys a query sees and how they lie to each other; null: all, anyhow.</param>
    /// <param name="bias">Added to the scores by relative position; needs a relation.</param>
    /// <exception cref="ArgumentOutOfRangeException">The iterations are below 1, or even with a
    /// relation.</exception>
    public static Tensor SinkhornAttention(
        Tensor qkv, int heads, int iterations, float? scale = null, TokenRelation? relation = null,
        RelativeBias bias = default)
    {
        RequirePacked(qkv, heads);
        if (iterations < 1 || (iterations % 2 == 0 && relation is not null))
            throw new ArgumentOutOfRangeException(nameof(iterations), iterations,
                "SinkhornAttention: iterations must be 1 or more, and odd with a relation.");
        if (iterations % 2 == 0) return Mixed(SinkhornProbabilities(qkv, heads, iterations, scale), qkv, heads);
        HeadTensor queries = new(qkv, heads, 3, 0), keys = new(qkv, heads, 3, 1), values = new(qkv, heads, 3, 2);
        AttentionArguments arguments = Arguments(queries, keys, values, scale, relation, bias);
        Tensor?[] inputs = [qkv, bias.Query, bias.Key, bias.Head];
        Tensor y = Result([arguments.Batch, arguments.Queries, arguments.Heads * arguments.HeadDim], inputs);
        Tensor potentials = Tensor.Empty([arguments.Batch, heads, iterations, arguments.Keys], y.Device,
            origin: nameof(SinkhornAttention));
        Backend backend = y.Device.Backend;
        backend.SinkhornAttention(arguments, iterations, y.Storage, potentials.Storage);
        return Record(y, inputs, output => Differentiate(queries, keys, values, bias, arguments, gradients =>
            backend.SinkhornAttentionBackward(arguments, iterations, output.Storage, potentials.Storage,
                GradientOf(output), gradients)), potentials);
    }

    /// <summary>
    /// The probabilities that <see cref="Attention(Tensor, int, float?, TokenRelation?, RelativeBias)"/> uses but never
    /// stores, by an unfused path. Differentiable without a relation, which is what dropout of the probabilities needs.
    /// </summary>
    /// <inheritdoc cref="Attention(Tensor, int, float?, TokenRelation?, RelativeBias)"/>
    /// <returns><c>[batch, head, token, token]</c>; rows sum to 1.</returns>
    public static Tensor AttentionProbabilities(
        Tensor qkv, int heads, float? scale = null, TokenRelation? relation = null, RelativeBias bias = default) =>
        Softmax(AttentionScores(qkv, heads, scale, relation, bias));

    /// <summary>
    /// The doubly stochastic matrix of <see cref="SinkhornAttention"/>, by an unfused path: to look at.
    /// </summary>
    /// <inheritdoc cref="SinkhornAttention"/>
    /// <returns><c>[batch, head, token, token]</c>; what is normalised last sums to 1 (rows where the iterations are
    /// odd), the other nearly.</returns>
    public static Tensor SinkhornProbabilities(
        Tensor qkv, int heads, int iterations, float? scale = null, TokenRelation? relation = null,
        RelativeBias bias = default)
    {
        Tensor scores = AttentionScores(qkv, heads, scale, relation, bias);
        for (int i = 2; i < iterations; i += 2)
            scores = Permute(LogSoftmax(Permute(LogSoftmax(scores), 0, 1, 3, 2)), 0, 1, 3, 2);
        return iterations % 2 == 1 ? Softmax(scores)
            : Permute(Softmax(Permute(LogSoftmax(scores), 0, 1, 3, 2)), 0, 1, 3, 2);
    }

    /// <summary>Scores s_ij, unfused; hidden keys get −10⁹, as the field does. With a relation the path goes through
    /// the host and is not recorded.</summary>
    private static Tensor AttentionScores(Tensor qkv, int heads, float? scale, TokenRelation? relation,
        RelativeBias bias)
    {
        RequirePacked(qkv, heads, nameof(AttentionProbabilities));
        (int batch, int tokens, int headDim) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2] / (3 * heads));
        Tensor split = Permute(qkv.Reshape(batch, tokens, 3, heads, headDim), 2, 0, 3, 1, 4);
        Tensor q = Slice(split, 0, 0, 1).Reshape(batch, heads, tokens, headDim);
        Tensor k = Slice(split, 0, 1, 1).Reshape(batch, heads, tokens, headDim);
        Tensor scores = MatMul(q, k, transposeB: true, scale: scale ?? 1 / MathF.Sqrt(headDim));
        return relation is null ? scores : Add(scores, Expanded(bias, relation, batch, heads, qkv.Device));
    }

    /// <summary>Values mixed by probabilities <c>[batch, head, token, token]</c>.</summary>
    /// <returns><c>[batch, token, head · headDim]</c>.</returns>
    private static Tensor Mixed(Tensor probabilities, Tensor qkv, int heads)
    {
        (int batch, int tokens, int headDim) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2] / (3 * heads));
        Tensor values = Slice(qkv, 2, 2 * heads * headDim, heads * headDim).Reshape(batch, tokens, heads, headDim);
        Tensor mixed = MatMul(probabilities, Permute(values, 0, 2, 1, 3));
        return Permute(mixed, 0, 2, 1, 3).Reshape(batch, tokens, heads * headDim);
    }

    /// <summary>The bias of every pair of tokens <c>[batch, head, token, token]</c>.</summary>
    private static Tensor Expanded(RelativeBias bias, TokenRelation relation, int batch, int heads, Device device)
    {
        float[]? query = bias.Query?.ToArray(), key = bias.Key?.ToArray(), head = bias.Head?.ToArray();
        int n = relation.Tokens, buckets = relation.Buckets;
        float[] values = new float[batch * heads * n * n];
        for (int sequence = 0; sequence < batch * heads; sequence++)
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                {
                    int bucket = relation.Bucket(i, j);
                    values[(sequence * n + i) * n + j] = !relation.IsVisible(i, j) ? -1e9f
                        : (query?[(sequence * n + i) * buckets + bucket] ?? 0)
                        + (key?[(sequence * n + j) * buckets + bucket] ?? 0)
                        + (head?[sequence % heads * buckets + bucket] ?? 0);
                }

        return Tensor.From(values, [batch, heads, n, n], device);
    }

    private static AttentionArguments Arguments(
        HeadTensor queries, HeadTensor keys, HeadTensor values, float? scale, TokenRelation? relation,
        RelativeBias bias, [CallerMemberName] string origin = "")
    {
        queries.Require(nameof(queries), origin);
        keys.Require(nameof(keys), origin);
        values.Require(nameof(values), origin);
        (int batch, int heads, int headDim) = (queries.Batch, queries.Count, queries.Width);
        foreach (HeadTensor other in (ReadOnlySpan<HeadTensor>)[keys, values])
            if (other.Batch != batch || other.Count != heads || other.Width != headDim || other.Tokens != keys.Tokens)
                throw new ShapeException(
                    $"{origin}: queries {queries.Tensor.Shape}, keys {keys.Tensor.Shape} and values "
                        + $"{values.Tensor.Shape} must agree in batch, heads and " +
                    "headDim, keys and values also in tokens.");
        if (keys.Tokens == 0 && queries.Tokens > 0)
            throw new ShapeException($"{origin}: there are no keys to attend to, got {keys.Tensor.Shape}.");
        RequireRelation(queries, keys, relation, bias, origin);
        return new(
            batch, queries.Tokens, keys.Tokens, heads, headDim, scale ?? 1 / MathF.Sqrt(headDim), queries.View,
            keys.View, values.View,
            relation, bias.Query?.Storage, bias.Key?.Storage, bias.Head?.Storage);
    }

    private static void RequireRelation(HeadTensor queries, HeadTensor keys, TokenRelation? relation, RelativeBias bias,
        string origin)
    {
        if (relation is null)
        {
            if (!bias.IsEmpty) throw new ArgumentException($"{origin}: a bias by relative position needs a relation.");
            return;
        }

        int n = relation.Tokens, heads = queries.Count;
        if (queries.Tokens != n || keys.Tokens != n)
            throw new ShapeException(
                $"{origin}: the relation is one of {n} tokens, got {queries.Tokens} queries and {keys.Tokens} keys.");
        RequireShape(bias.Query, [queries.Batch, heads, n, relation.Buckets], "the query bias", origin);
        RequireShape(bias.Key, [queries.Batch, heads, n, relation.Buckets], "the key bias", origin);
        RequireShape(bias.Head, [heads, relation.Buckets], "the head bias", origin);
    }

    /// <summary>Calls a backward pass with room for all gradients, and adds those of the biases up
    /// afterwards.</summary>
    private static void Differentiate(
        HeadTensor queries, HeadTensor keys, HeadTensor values, RelativeBias bias, in AttentionArguments arguments,
        Action<AttentionGradients> backward)
    {
        HeadGradient[] gradients = HeadTensor.Gradients(queries, keys, values);
        using StepScope scope = StepScope.Begin();
        Tensor? query = RoomFor(bias.Query, bias.Query?.Shape ?? []), key = RoomFor(bias.Key, bias.Key?.Shape ?? []);
        int buckets = arguments.Relation?.Buckets ?? 0;
        Tensor? head = RoomFor(bias.Head, [arguments.Batch, arguments.Heads, buckets]);
        backward(new(gradients[0], gradients[1], gradients[2], query?.Storage, key?.Storage, head?.Storage));
        AddTo(bias.Query, query);
        AddTo(bias.Key, key);
        if (head is null) return;
        bias.Head!.Device.Backend.SumTo(head.Storage, head.Shape, bias.Head.GradientTarget(),
            [1, arguments.Heads, buckets], 1);
    }

    private static Tensor? RoomFor(Tensor? bias, Shape shape) =>
        bias is { RequiresGradient: true } ? Tensor.Empty(shape, bias.Device, origin: "gradient of a bias") : null;

    private static void AddTo(Tensor? bias, Tensor? gradient)
    {
        if (bias is null || gradient is null) return;
        bias.Device.Backend.AddScaled(gradient.Storage, bias.GradientTarget(), gradient.Shape.Elements, 1);
    }

    private static void RequirePacked(Tensor qkv, int heads, [CallerMemberName] string origin = "")
    {
        RequireRank(qkv, 3, "qkv", "[batch, token, 3 · head · headDim]", origin);
        if (heads <= 0 || qkv.Shape[2] % (3 * heads) != 0)
            throw new ShapeException($"{origin}: the last axis of {qkv.Shape} must be 3 · {heads} heads · headDim.");
    }
}
