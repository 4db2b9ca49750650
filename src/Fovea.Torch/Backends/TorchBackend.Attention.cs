using System.Runtime.CompilerServices;
using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    private readonly ConditionalWeakTable<TokenRelation, RelationTables> _relations = [];

    /// <summary>By one of libtorch's fused kernels where there is neither window nor bias; else all scores are
    /// stored.</summary>
    public override void Attention(in AttentionArguments arguments, Storage y, Storage logSums)
    {
        AttentionArguments a = arguments;
        int count = a.Batch * a.Queries * a.Heads * a.HeadDim;
        if (count == 0) return;
        using Aten aten = new(this);
        if (FusedKernelOf(a) is { } kernel)
        {
            (NativeTensor result, NativeTensor sums) = Fused(aten, kernel, a);
            // it lies token by token already
            aten.PutProduct(aten.One("transpose.int", result, 1L, 2L), y, count);
            aten.Put(sums, logSums, a.Batch * a.Heads * a.Queries);
            return;
        }

        NativeTensor scores = Scores(aten, a);
        NativeTensor logs = aten.One("logsumexp", scores, (long[])[2], true);
        NativeTensor mixed = aten.BatchProduct(aten.Exp(aten.Subtract(scores, logs)),
            Packed(aten, a.V, a.Batch, a.Keys, a.Heads, a.HeadDim));
        PutTokens(aten, aten.View(mixed, a.Batch, a.Heads, a.Queries, a.HeadDim), y, a.Batch, a.Queries, a.Heads,
            a.HeadDim);
        aten.Put(logs, logSums, a.Batch * a.Heads * a.Queries);
    }

    /// <summary>
    /// With p_ij = exp(s_ij − logSum_i), D_i = dy_i·y_i and ds_ij = p_ij (dy_i·v_j − D_i): dv = pᵀ dy; the rest per
    /// <see cref="ScoreGradients"/>.
    /// </summary>
    public override void AttentionBackward(in AttentionArguments arguments, Storage y, Storage logSums, Storage dy,
        in AttentionGradients gradients)
    {
        AttentionArguments a = arguments;
        if (a.Batch == 0 || a.Queries == 0)
        {
            ClearEmpty(a, gradients);
            return;
        }

        using Aten aten = new(this);
        HeadView result = new(y, 0, a.Heads * a.HeadDim), from = result with { Storage = dy };
        if (FusedKernelOf(a) is { } kernel)
        {
            (NativeTensor dq, NativeTensor dk, NativeTensor dv) = FusedBackward(aten, kernel, a, result, logSums, from);
            PutProducts(aten, dq, gradients.Q, a.Batch, a.Queries, a.Heads, a.HeadDim);
            PutProducts(aten, dk, gradients.K, a.Batch, a.Keys, a.Heads, a.HeadDim);
            PutProducts(aten, dv, gradients.V, a.Batch, a.Keys, a.Heads, a.HeadDim);
            return;
        }

        int sequences = a.Batch * a.Heads;
        NativeTensor p = aten.Exp(aten.Subtract(Scores(aten, a), aten.View(logSums, sequences, a.Queries, 1)));
        NativeTensor packed = Packed(aten, from, a.Batch, a.Queries, a.Heads, a.HeadDim);
        NativeTensor d = aten.Sum(
            aten.Multiply(packed, Packed(aten, result, a.Batch, a.Queries, a.Heads, a.HeadDim)), [2], keep: true);
        NativeTensor dp = aten.BatchProduct(packed,
            aten.Transposed(Packed(aten, a.V, a.Batch, a.Keys, a.Heads, a.HeadDim)));
        PutPacked(aten, aten.BatchProduct(aten.Transposed(p), packed), gradients.V, a.Batch, a.Keys, a.Heads,
            a.HeadDim);
        ScoreGradients(aten, a, aten.Multiply(p, aten.Subtract(dp, d)), gradients);
    }

    /// <inheritdoc/>
    public override void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials)
    {
        AttentionArguments a = arguments;
        (int n, int sequences) = (a.Keys, a.Batch * a.Heads);
        if (sequences * n == 0) return;
        using Aten aten = new(this);
        NativeTensor scores = Scores(aten, a);
        for (int t = 0; t < iterations; t++)
        {
            using Aten turn = new(this);
            NativeTensor shifted = t == 0 ? scores
                : turn.Add(scores, Potential(turn, potentials, t - 1, sequences, iterations, n));
            NativeTensor sums = turn.One("logsumexp", shifted, (long[])[t % 2 == 0 ? 2 : 1], true);
            turn.Copy(turn.One("neg", sums), Potential(turn, potentials, t, sequences, iterations, n));
        }

        NativeTensor mixed = aten.BatchProduct(Plan(aten, scores, potentials, sequences, iterations, n),
            Packed(aten, a.V, a.Batch, n, a.Heads, a.HeadDim));
        PutTokens(aten, aten.View(mixed, a.Batch, a.Heads, n, a.HeadDim), y, a.Batch, n, a.Heads, a.HeadDim);
    }

    /// <summary>
    /// With p the plan and g = p ∘ (dy vᵀ): ds = g, du = row sums of g, dv = its column sums. Then back through each
    /// iteration: with a = exp(s + u + v) of it, ds −= du a, dv −= column sums of du a; and so on in turns.
    /// </summary>
    public override void SinkhornAttentionBackward(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials, Storage dy, in AttentionGradients gradients)
    {
        AttentionArguments a = arguments;
        (int n, int sequences) = (a.Keys, a.Batch * a.Heads);
        if (sequences * n == 0)
        {
            ClearEmpty(a, gradients);
            return;
        }

        using Aten aten = new(this);
        NativeTensor scores = Scores(aten, a), plan = Plan(aten, scores, potentials, sequences, iterations, n);
        NativeTensor from = Packed(aten, new(dy, 0, a.Heads * a.HeadDim), a.Batch, n, a.Heads, a.HeadDim);
        PutPacked(aten, aten.BatchProduct(aten.Transposed(plan), from), gradients.V, a.Batch, n, a.Heads, a.HeadDim);
        NativeTensor ds = aten.Multiply(plan, aten.BatchProduct(from,
            aten.Transposed(Packed(aten, a.V, a.Batch, n, a.Heads, a.HeadDim))));
        NativeTensor later = aten.Sum(ds, [2], keep: true);
        NativeTensor earlier = iterations > 1 ? aten.Sum(ds, [1], keep: true) : default;
        for (int t = iterations - 1; t >= 0; t--)
        {
            NativeTensor exponent = aten.Add(scores, Potential(aten, potentials, t, sequences, iterations, n));
            if (t > 0) exponent = aten.Add(exponent, Potential(aten, potentials, t - 1, sequences, iterations, n));
            NativeTensor change = aten.Multiply(aten.Exp(exponent), later);
            aten.AddTo(ds, change, -1);
            if (t == 0) break;
            NativeTensor reached = aten.Subtract(earlier, aten.Sum(change, [t % 2 == 0 ? 1 : 2], keep: true));
            // the one before that has the orientation of this one
            earlier = aten.Zeros(t % 2 == 0 ? [sequences, n, 1] : [sequences, 1, n]);
            later = reached;
        }

        ScoreGradients(aten, a, ds, gradients);
    }

    /// <summary>A potential as it is added to the scores: of rows (even) or of columns (odd).</summary>
    private static NativeTensor Potential(in Aten aten, Storage potentials, int t, int sequences, int iterations,
        int n) =>
        t % 2 == 0
            ? aten.Strided(potentials, [sequences, n, 1], [(long)iterations * n, 1, 1], (long)t * n)
            : aten.Strided(potentials, [sequences, 1, n], [(long)iterations * n, 1, 1], (long)t * n);

    /// <summary>exp(s_ij + u_i + v_j) with the last two potentials.</summary>
    private static NativeTensor Plan(in Aten aten, NativeTensor scores, Storage potentials, int sequences,
        int iterations, int n)
    {
        NativeTensor exponent = aten.Add(scores,
            Potential(aten, potentials, iterations - 1, sequences, iterations, n));
        if (iterations > 1)
            exponent = aten.Add(exponent, Potential(aten, potentials, iterations - 2, sequences, iterations, n));
        return aten.Exp(exponent);
    }

    /// <summary>All scores <c>[batch · head, query, key]</c> as <see cref="AttentionArguments"/> defines
    /// them.</summary>
    private NativeTensor Scores(in Aten aten, in AttentionArguments a)
    {
        (int sequences, int n) = (a.Batch * a.Heads, a.Queries);
        NativeTensor scores = aten.Multiply(aten.BatchProduct(Packed(aten, a.Q, a.Batch, n, a.Heads, a.HeadDim),
            aten.Transposed(Packed(aten, a.K, a.Batch, a.Keys, a.Heads, a.HeadDim))), a.Scale);
        if (a.Relation is not { } relation) return scores;
        RelationTables tables = TablesOf(relation);
        if (a.QueryBias is { } queryBias)
            aten.AddTo(scores, ByQuery(aten, tables, queryBias, sequences, n, relation.Buckets));
        if (a.KeyBias is { } keyBias)
            aten.AddTo(scores, ByKey(aten, tables, keyBias, sequences, n, relation.Buckets));
        if (a.HeadBias is { } headBias)
            aten.AddTo(aten.View(scores, a.Batch, a.Heads, n * n), aten.One("index_select",
                aten.View(headBias, a.Heads, relation.Buckets), 1L, aten.View(tables.Buckets, n * n)));
        if (tables.Hidden is { } hidden) aten.AddTo(scores, aten.View(hidden, n, n));
        return scores;
    }

    /// <summary>Values of each query and bucket <c>[sequence, query, bucket]</c>, spread to <c>[sequence, query,
    /// key]</c>.</summary>
    private static NativeTensor ByQuery(in Aten aten, RelationTables tables, Storage values, int sequences, int n,
        int buckets) =>
        aten.One("gather", aten.View(values, sequences, n, buckets), 2L,
            aten.Strided(tables.Buckets, [sequences, n, n], [0, n, 1]), false);

    /// <summary>Values of each key and bucket, spread to <c>[sequence, query, key]</c>.</summary>
    private static NativeTensor ByKey(in Aten aten, RelationTables tables, Storage values, int sequences, int n,
        int buckets) =>
        aten.Transposed(aten.One("gather", aten.View(values, sequences, n, buckets), 2L,
            aten.Strided(tables.Mirrored, [sequences, n, n], [0, n, 1]), false));

    /// <summary>The reverse of <see cref="ByQuery"/>: sums over the keys of each bucket.</summary>
    private static NativeTensor SumByQuery(in Aten aten, RelationTables tables, NativeTensor values, int sequences,
        int n, int buckets) =>
        aten.One("scatter_add", aten.Zeros([sequences, n, buckets]), 2L,
            aten.Strided(tables.Buckets, [sequences, n, n], [0, n, 1]), values);

    private static NativeTensor SumByKey(in Aten aten, RelationTables tables, NativeTensor values, int sequences,
        int n, int buckets) =>
        aten.One("scatter_add", aten.Zeros([sequences, n, buckets]), 2L,
            aten.Strided(tables.Mirrored, [sequences, n, n], [0, n, 1]), aten.Transposed(values));

    /// <summary>The gradients ds of all scores go to dq = scale ds k, dk = scale dsᵀ q, and to the biases.</summary>
    private void ScoreGradients(in Aten aten, in AttentionArguments a, NativeTensor ds,
        in AttentionGradients gradients)
    {
        (int sequences, int n) = (a.Batch * a.Heads, a.Queries);
        NativeTensor q = Packed(aten, a.Q, a.Batch, n, a.Heads, a.HeadDim),
            k = Packed(aten, a.K, a.Batch, a.Keys, a.Heads, a.HeadDim);
        PutPacked(aten, aten.Multiply(aten.BatchProduct(ds, k), a.Scale), gradients.Q, a.Batch, n, a.Heads, a.HeadDim);
        PutPacked(aten, aten.Multiply(aten.BatchProduct(aten.Transposed(ds), q), a.Scale), gradients.K, a.Batch,
            a.Keys, a.Heads, a.HeadDim);
        if (a.Relation is not { } relation) return;
        int buckets = relation.Buckets;
        RelationTables tables = TablesOf(relation);
        if (gradients.QueryBias is { } queryBias)
            aten.Put(SumByQuery(aten, tables, ds, sequences, n, buckets), queryBias, sequences * n * buckets);
        if (gradients.KeyBias is { } keyBias)
            aten.Put(SumByKey(aten, tables, ds, sequences, n, buckets), keyBias, sequences * n * buckets);
        if (gradients.HeadBias is { } headBias)
            aten.Put(aten.Sum(SumByQuery(aten, tables, ds, sequences, n, buckets), [1]), headBias,
                sequences * buckets);
    }

    private void ClearEmpty(in AttentionArguments a, in AttentionGradients gradients)
    {
        int buckets = a.Relation?.Buckets ?? 0, sequences = a.Batch * a.Heads;
        if (gradients.QueryBias is { } query) Fill(query, sequences * a.Queries * buckets, 0);
        if (gradients.KeyBias is { } key) Fill(key, sequences * a.Keys * buckets, 0);
        if (gradients.HeadBias is { } head) Fill(head, sequences * buckets, 0);
        using Aten aten = new(this);
        foreach ((HeadGradient gradient, int tokens) in ((HeadGradient, int)[])[(gradients.Q, a.Queries),
            (gradients.K, a.Keys), (gradients.V, a.Keys)])
            if (!gradient.Accumulate && a.Batch * tokens > 0)
                aten.Zero(HeadsOf(aten, gradient.View, a.Batch, tokens, a.Heads, a.HeadDim));
    }

    private RelationTables TablesOf(TokenRelation relation) => _relations.GetValue(relation, MakeTables);

    private RelationTables MakeTables(TokenRelation relation)
    {
        int n = relation.Tokens;
        int[] buckets = new int[n * n], mirrored = new int[n * n];
        float[] hidden = new float[n * n], seen = new float[n * n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
            {
                buckets[i * n + j] = mirrored[j * n + i] = relation.Bucket(i, j);
                bool isVisible = relation.IsVisible(i, j);
                (hidden[i * n + j], seen[i * n + j]) = isVisible ? (0, 1) : (float.NegativeInfinity, 0);
            }

        bool all = !seen.Contains(0);
        return new(Table(buckets), Table(mirrored), all ? null : Constant(hidden), all ? null : Constant(seen));
    }

    private TorchStorage Table(int[] values)
    {
        TorchStorage narrow = new(this, values.Length), wide = new(this, values.Length);
        Write(narrow, values);
        NativeTensor tensor = Empty([values.Length], Torch.Int64);
        using Aten aten = new(this);
        aten.Copy(narrow.Tensor, tensor);
        wide.Adopt(tensor, Torch.Int64);
        narrow.Dispose();
        return wide;
    }

    // Heads.

    /// <summary>Vectors of heads <c>[batch, head, token, element]</c>, read in place.</summary>
    private static NativeTensor HeadsOf(in Aten aten, in HeadView view, int batch, int tokens, int heads, int width) =>
        aten.Strided(view.Storage, [batch, heads, tokens, width], [(long)tokens * view.Stride, width, view.Stride, 1],
            view.Offset);

    /// <summary>The same as an operand of a fused kernel.</summary>
    private static NativeTensor OperandHeads(in Aten aten, in HeadView view, int batch, int tokens, int heads,
        int width) =>
        aten.OperandStrided(view.Storage, [batch, heads, tokens, width],
            [(long)tokens * view.Stride, width, view.Stride, 1], view.Offset);

    /// <summary>A copy of them, <c>[batch · head, token, element]</c>.</summary>
    private static NativeTensor Packed(in Aten aten, in HeadView view, int batch, int tokens, int heads, int width) =>
        aten.View(aten.Cloned(HeadsOf(aten, view, batch, tokens, heads, width), [batch, heads, tokens, width]),
            batch * heads, tokens, width);

    private static void PutHeads(in Aten aten, NativeTensor result, in HeadGradient to, int batch, int tokens,
        int heads, int width)
    {
        if (batch * tokens == 0) return;
        PutView(aten, result, HeadsOf(aten, to.View, batch, tokens, heads, width), to.Accumulate);
    }

    /// <summary>Writes what a fused kernel made; it stays in bfloat16 where nothing is added to it.</summary>
    private void PutProducts(in Aten aten, NativeTensor result, in HeadGradient to, int batch, int tokens, int heads,
        int width)
    {
        if (!IsLow || to.Accumulate)
        {
            PutHeads(aten, aten.Single(result), to, batch, tokens, heads, width);
            return;
        }

        HeadView view = to.View;
        aten.Copy(result, aten.Strided(((TorchStorage)view.Storage).LowForResults(), [batch, heads, tokens, width],
            [(long)tokens * view.Stride, width, view.Stride, 1], view.Offset));
    }

    private static void PutPacked(in Aten aten, NativeTensor result, in HeadGradient to, int batch, int tokens,
        int heads, int width) =>
        PutHeads(aten, aten.View(result, batch, heads, tokens, width), to, batch, tokens, heads, width);

    /// <summary>Writes <c>[batch, head, token, element]</c> as <c>[batch, token, head, element]</c>.</summary>
    private static void PutTokens(in Aten aten, NativeTensor result, Storage y, int batch, int tokens, int heads,
        int width) =>
        PutHeads(aten, result, new(new(y, 0, heads * width), Accumulate: false), batch, tokens, heads, width);
}
