using Fovea.Export.Graphs;
using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <content>Attention, written out as products and normalisations of all pairs of tokens.</content>
internal sealed partial class TracingBackend
{
    /// <inheritdoc/>
    public override void Attention(in AttentionArguments arguments, Storage y, Storage logSums) =>
        Mix(arguments, Softmax(Scores(arguments), 3), y);

    /// <inheritdoc/>
    /// <remarks>s + u is the logarithm of a softmax over keys and s + v that of one over queries; each potential takes
    /// the place of the one before of its kind, which so cancels.</remarks>
    public override void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials)
    {
        GraphValue scores = Scores(arguments);
        for (int i = 0; i < iterations - 1; i++) scores = Softmax(scores, i % 2 == 0 ? 3 : 2, logarithm: true);
        Mix(arguments, Softmax(scores, 3), y);
    }

    /// <inheritdoc/>
    /// <remarks>Keys and values are gathered, so that a query has its own in a row.</remarks>
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums)
    {
        NeighborhoodArguments a = arguments;
        int[] table = a.Neighborhood.Keys(a.Grid, a.Prefix);
        (int n, int most) = (a.Grid.Count, table.Length / a.Grid.Count);
        GraphValue index = Trace.Shared([.. table.Select(key => (long)Math.Max(0, key))], n, most);
        GraphValue queries = Trace.Slice(Heads(a.Q, a.Batch, a.Tokens, a.Heads, a.HeadDim), 1, a.Prefix, n);
        GraphValue scores = Trace.MatMul(
            Trace.Reshape(Trace.Multiply(queries, a.Scale), a.Batch, n, a.Heads, 1, a.HeadDim),
            Trace.Transpose(Seen(a.K), 0, 1, 3, 4, 2));
        if (table.Contains(-1))
            scores = Trace.Add("Add", scores.Sizes, scores, Trace.Shared(
                [.. table.Select(key => key < 0 ? float.NegativeInfinity : 0)], n, 1, 1, most));
        Trace.Set(new Target(y), Trace.MatMul(Softmax(scores, 4), Trace.Transpose(Seen(a.V), 0, 1, 3, 2, 4)));

        GraphValue Seen(HeadView view) => Trace.Add("Gather", [a.Batch, n, most, a.Heads, a.HeadDim],
            [Heads(view, a.Batch, a.Tokens, a.Heads, a.HeadDim), index], ("axis", 1L));
    }

    /// <inheritdoc/>
    public override void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers)
    {
        KernelAttentionArguments a = arguments;
        GraphValue queries = Features(a.Queries, a.QueryCount), keys = Features(a.Keys, a.KeyCount);
        GraphValue values = ByHead(a.Values, a.Batch, a.KeyCount, a.Heads, a.HeadDim), mixed, sums;
        if (a.Relation is { } relation)
        {
            GraphValue weights = Trace.MatMul(queries, Trace.Transpose(keys, 0, 1, 3, 2));
            int[] pairs = weights.Sizes;
            if (a.QueryWeights is Storage alpha)
                weights = Trace.Add("Mul", pairs, weights, ByBucket(alpha, a.Batch, a.Heads, relation, false));
            if (a.KeyWeights is Storage beta)
                weights = Trace.Add("Mul", pairs, weights, ByBucket(beta, a.Batch, a.Heads, relation, true));
            if (Hidden(relation, visible: 1, hidden: 0) is GraphValue mask)
                weights = Trace.Add("Mul", pairs, weights, mask);
            mixed = Trace.MatMul(weights, values);
            sums = Trace.Sum(weights, 3);
        }
        else
        {
            GraphValue byFeature = Trace.Transpose(keys, 0, 1, 3, 2);
            mixed = Trace.MatMul(queries, Trace.MatMul(byFeature, values));
            sums = Trace.MatMul(queries, Trace.Sum(byFeature, 3));
        }

        GraphValue result = Trace.Add("Div", mixed.Sizes, mixed, Trace.Add(sums, a.Epsilon));
        Trace.Set(new Target(y), Trace.Transpose(result, 0, 2, 1, 3));

        GraphValue Features(HeadView view, int tokens)
        {
            GraphValue x = ByHead(view, a.Batch, tokens, a.Heads, a.Features);
            if (a.Map == FeatureMap.Identity) return x;
            // elu(x) + 1 without a difference of nearly equal numbers: relu(x) + exp(min(x, 0))
            GraphValue below = Trace.Add("Exp", x.Sizes, Trace.Add("Min", x.Sizes, x, Trace.Number(0)));
            return Trace.Add("Add", x.Sizes, Trace.Add("Relu", x.Sizes, x), below);
        }
    }

    /// <inheritdoc/>
    public override void RandomFeatures(in RandomFeaturesArguments arguments, Storage features)
    {
        RandomFeaturesArguments a = arguments;
        GraphValue u = Trace.Multiply(Heads(a.X, a.Batch, a.Tokens, a.Heads, a.HeadDim), a.Scale);
        GraphValue directions = Trace.Transpose(Of(a.Projection, a.Features, a.HeadDim), 1, 0);
        GraphValue projected = Trace.MatMul(u, directions);
        float factor = 1 / MathF.Sqrt(a.Features);
        if (a.Kernel == FeatureKernel.Relu)
        {
            GraphValue positive = Trace.Add("Relu", projected.Sizes, Trace.Multiply(projected, factor));
            Trace.Set(new Target(features), Trace.Add(positive, a.Stabilizer));
            return;
        }

        GraphValue half = Trace.Multiply(Trace.Sum(Trace.Add("Mul", u.Sizes, u, u), 3), 0.5f);
        GraphValue largest = a.SharedMaximum ? Trace.Max(projected, 1, 3) : Trace.Max(projected, 3);
        GraphValue exponents = Trace.Add("Sub", projected.Sizes, projected,
            Trace.Add("Add", half.Sizes, half, largest));
        GraphValue exponentials = Trace.Add("Exp", projected.Sizes, exponents);
        Trace.Set(new Target(features), Trace.Multiply(Trace.Add(exponentials, a.Stabilizer), factor));
    }

    /// <summary>s_ij with biases and windows, <c>[batch, head, query, key]</c>.</summary>
    private GraphValue Scores(in AttentionArguments a)
    {
        GraphValue queries = Trace.Multiply(ByHead(a.Q, a.Batch, a.Queries, a.Heads, a.HeadDim), a.Scale),
            keys = Trace.Transpose(Heads(a.K, a.Batch, a.Keys, a.Heads, a.HeadDim), 0, 2, 3, 1);
        GraphValue scores = Trace.MatMul(queries, keys);
        if (a.Relation is not { } relation) return scores;
        int[] pairs = scores.Sizes;
        if (a.QueryBias is Storage query)
            scores = Trace.Add("Add", pairs, scores, ByBucket(query, a.Batch, a.Heads, relation, false));
        if (a.KeyBias is Storage key)
            scores = Trace.Add("Add", pairs, scores, ByBucket(key, a.Batch, a.Heads, relation, true));
        if (a.HeadBias is Storage head)
            scores = Trace.Add("Add", pairs, scores, Trace.Add("Gather", [a.Heads, relation.Tokens, relation.Tokens],
                [Of(head, a.Heads, relation.Buckets), Buckets(relation, false)], ("axis", 1L)));
        return Hidden(relation, visible: 0, hidden: float.NegativeInfinity) is GraphValue mask
            ? Trace.Add("Add", pairs, scores, mask) : scores;
    }

    private void Mix(in AttentionArguments a, GraphValue probabilities, Storage y) => Trace.Set(new Target(y),
        Trace.Transpose(Trace.MatMul(probabilities, ByHead(a.V, a.Batch, a.Keys, a.Heads, a.HeadDim)), 0, 2, 1, 3));

    /// <summary>Vectors of heads, <c>[batch, token, head, width]</c>.</summary>
    private GraphValue Heads(HeadView view, int batch, int tokens, int heads, int width) =>
        Trace.Reshape(Trace.Slice(Of(view.Storage, batch, tokens, view.Stride), 2, view.Offset, heads * width), batch,
            tokens, heads, width);

    /// <summary>Vectors of heads, <c>[batch, head, token, width]</c>.</summary>
    private GraphValue ByHead(HeadView view, int batch, int tokens, int heads, int width) =>
        Trace.Transpose(Heads(view, batch, tokens, heads, width), 0, 2, 1, 3);

    /// <summary>Values by the bucket of every pair, <c>[batch, head, query, key]</c>, from <c>[batch, head, token,
    /// bucket]</c>; the token is the query, or the key.</summary>
    private GraphValue ByBucket(Storage values, int batch, int heads, TokenRelation relation, bool ofKeys)
    {
        int tokens = relation.Tokens;
        int[] sizes = [batch, heads, tokens, tokens];
        GraphValue from = Of(values, batch, heads, tokens, relation.Buckets);
        // the operator wants indices for each sequence and head, though they are the same
        GraphValue buckets = Trace.Reshape(Buckets(relation, ofKeys), 1, 1, tokens, tokens);
        GraphValue picked = Trace.Add("GatherElements", sizes, [from, Trace.Expand(buckets, sizes)], ("axis", 3L));
        return ofKeys ? Trace.Transpose(picked, 0, 1, 3, 2) : picked;
    }

    /// <summary>The bucket of every pair, <c>[query, key]</c>, or <c>[key, query]</c>.</summary>
    private GraphValue Buckets(TokenRelation relation, bool ofKeys)
    {
        int n = relation.Tokens;
        long[] buckets = new long[n * n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) buckets[ofKeys ? j * n + i : i * n + j] = relation.Bucket(i, j);
        return Trace.Shared(buckets, n, n);
    }

    /// <summary>A mask of the pairs that a window hides, <c>[query, key]</c>; null: it hides none.</summary>
    private GraphValue? Hidden(TokenRelation relation, float visible, float hidden)
    {
        int n = relation.Tokens;
        float[] mask = new float[n * n];
        for (int i = 0; i < mask.Length; i++)
            mask[i] = relation.IsVisible(i / n, i % n) ? visible : hidden;
        return mask.Contains(hidden) ? Trace.Shared(mask, n, n) : null;
    }
}
