using System.Collections.Concurrent;
using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    private readonly ConcurrentDictionary<(GridLevel, Neighborhood, int), (TorchStorage Keys, TorchStorage? Hidden)>
        _neighborhoods = [];

    /// <summary>Keys and values are gathered, so that a query has its own in a row.</summary>
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums)
    {
        NeighborhoodArguments a = arguments;
        (int n, int sequences) = (a.Grid.Count, a.Batch * a.Heads);
        if (sequences == 0) return;
        using Aten aten = new(this);
        NativeTensor scores = Scores(aten, a, Seen(aten, a, a.K));
        NativeTensor logs = aten.One("logsumexp", scores, (long[])[2], true);
        NativeTensor mixed = aten.ExactBatchProduct(aten.Exp(aten.Subtract(scores, logs)), Seen(aten, a, a.V));
        PutTokens(aten, aten.View(mixed, a.Batch, a.Heads, n, a.HeadDim), y, a.Batch, n, a.Heads, a.HeadDim);
        aten.Put(logs, logSums, sequences * n);
    }

    /// <inheritdoc/>
    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv)
    {
        NeighborhoodArguments a = arguments;
        (int n, int sequences) = (a.Grid.Count, a.Batch * a.Heads);
        if (sequences == 0) return;
        using Aten aten = new(this);
        NativeTensor keys = Seen(aten, a, a.K), from = aten.View(
            Packed(aten, new(dy, 0, a.Heads * a.HeadDim), a.Batch, n, a.Heads, a.HeadDim), sequences * n, 1, a.HeadDim);
        NativeTensor p = aten.Exp(aten.Subtract(Scores(aten, a, keys), aten.View(logSums, sequences * n, 1, 1)));
        NativeTensor dp = aten.ExactBatchProduct(from, aten.Transposed(Seen(aten, a, a.V)));
        NativeTensor mean = aten.Sum(aten.Multiply(p, dp), [2], keep: true);
        NativeTensor ds = aten.Multiply(aten.Multiply(p, aten.Subtract(dp, mean)), a.Scale);
        Scatter(aten, a, aten.ExactBatchProduct(aten.Transposed(ds), Queries(aten, a)), dk);
        Scatter(aten, a, aten.ExactBatchProduct(aten.Transposed(p), from), dv);
        NativeTensor all = aten.Zeros([sequences, a.Tokens, a.HeadDim]);
        aten.Copy(aten.View(aten.ExactBatchProduct(ds, keys), sequences, n, a.HeadDim), aten.Strided(all,
            [sequences, n, a.HeadDim], [(long)a.Tokens * a.HeadDim, a.HeadDim, 1], (long)a.Prefix * a.HeadDim));
        PutPacked(aten, all, dq, a.Batch, a.Tokens, a.Heads, a.HeadDim);
    }

    /// <summary>Scores <c>[batch · head · position, 1, key]</c>.</summary>
    private NativeTensor Scores(in Aten aten, in NeighborhoodArguments a, NativeTensor keys)
    {
        (int n, int sequences) = (a.Grid.Count, a.Batch * a.Heads);
        NativeTensor scores = aten.Multiply(aten.ExactBatchProduct(Queries(aten, a), aten.Transposed(keys)), a.Scale);
        int most = a.Neighborhood.MostKeys(a.Grid, a.Prefix);
        if (TablesOf(a).Hidden is { } hidden)
            aten.AddTo(aten.View(scores, sequences, n, most), aten.View(hidden, n, most));
        return scores;
    }

    /// <summary>The queries of the grid, <c>[batch · head · position, 1, headDim]</c>.</summary>
    private static NativeTensor Queries(in Aten aten, in NeighborhoodArguments a) => aten.View(aten.Cloned(
        aten.Strided(a.Q.Storage, [a.Batch, a.Heads, a.Grid.Count, a.HeadDim],
            [(long)a.Tokens * a.Q.Stride, a.HeadDim, a.Q.Stride, 1], a.Q.Offset + (long)a.Prefix * a.Q.Stride),
        [a.Batch, a.Heads, a.Grid.Count, a.HeadDim]), a.Batch * a.Heads * a.Grid.Count, 1, a.HeadDim);

    /// <summary>Vectors that each position sees, <c>[batch · head · position, key, headDim]</c>.</summary>
    private NativeTensor Seen(in Aten aten, in NeighborhoodArguments a, in HeadView view)
    {
        int most = a.Neighborhood.MostKeys(a.Grid, a.Prefix), sequences = a.Batch * a.Heads;
        NativeTensor picked = aten.One("index_select",
            Packed(aten, view, a.Batch, a.Tokens, a.Heads, a.HeadDim), 1L,
            aten.View(TablesOf(a).Keys, a.Grid.Count * most));
        return aten.View(picked, sequences * a.Grid.Count, most, a.HeadDim);
    }

    /// <summary>Sums of what positions give to each token they see; by <c>index_put</c>, which adds in a fixed
    /// order.</summary>
    private void Scatter(in Aten aten, in NeighborhoodArguments a, NativeTensor seen, in HeadGradient to)
    {
        int most = a.Neighborhood.MostKeys(a.Grid, a.Prefix), sequences = a.Batch * a.Heads,
            picks = a.Grid.Count * most;
        long[] sizes = [picks, sequences, a.HeadDim];
        NativeTensor byPick = aten.Cloned(aten.Strided(seen, sizes, [a.HeadDim, (long)picks * a.HeadDim, 1]), sizes);
        NativeTensor sums = aten.Zeros([a.Tokens, sequences, a.HeadDim]);
        _ = aten.One("index_put_", sums, Argument.ListOfOptional(aten.View(TablesOf(a).Keys, picks)), byPick, true);
        PutHeads(aten, aten.Strided(sums, [a.Batch, a.Heads, a.Tokens, a.HeadDim],
            [(long)a.Heads * a.HeadDim, a.HeadDim, (long)sequences * a.HeadDim, 1]), to, a.Batch, a.Tokens, a.Heads,
            a.HeadDim);
    }

    /// <summary>Tokens that positions see, whole numbers of 64 bits, and −∞ where there is none; null where all are
    /// there.</summary>
    private (TorchStorage Keys, TorchStorage? Hidden) TablesOf(in NeighborhoodArguments a) =>
        _neighborhoods.GetOrAdd((a.Grid, a.Neighborhood, a.Prefix), of =>
        {
            int[] keys = of.Item2.Keys(of.Item1, of.Item3);
            bool all = !keys.Contains(-1);
            return (Table([.. keys.Select(key => Math.Max(0, key))]),
                all ? null : Constant([.. keys.Select(key => key < 0 ? float.NegativeInfinity : 0)]));
        });
}
