using System.Collections.Concurrent;
using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <content>The gated delta rule in chunks of steps, all walks of all heads at once; docs/attention.md derives
/// them.</content>
internal sealed unsafe partial class TorchBackend
{
    private const int StepsOfChunk = 64;

    private readonly ConcurrentDictionary<GridScan, ScanTables> _scans = [];

    /// <inheritdoc/>
    public override void DeltaRule(in DeltaRuleArguments arguments, Storage y)
    {
        DeltaRuleArguments a = arguments;
        if (a.Batch == 0) return;
        using Aten aten = new(this);
        Walks walks = WalksOf(aten, a);
        NativeTensor results = aten.Zeros([walks.Sequences, walks.Steps, a.ValueDim]),
            state = aten.Zeros([walks.Sequences, a.KeyDim, a.ValueDim]);
        for (int first = 0; first < walks.Steps; first += StepsOfChunk)
        {
            using Aten part = new(this);
            DeltaChunk chunk = ChunkOf(part, walks, first);
            NativeTensor updates = part.Multiply(Errors(part, chunk, state), chunk.Strengths);
            NativeTensor read = part.Add(
                part.Multiply(part.ExactBatchProduct(chunk.Queries, state), chunk.Factors),
                part.ExactBatchProduct(chunk.Reads, updates));
            part.Copy(read, Rows(part, results, walks, first, chunk.Count, a.ValueDim));
            part.Copy(NextState(part, chunk, state, updates), state);
        }

        PutTokens(aten, aten.Sum(ByToken(aten, a, results, walks.Tables.Reading, a.ValueDim), [2]), y, a.Batch,
            a.Tokens, a.Heads, a.ValueDim);
    }

    /// <inheritdoc/>
    public override void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy,
        in DeltaRuleGradients gradients)
    {
        DeltaRuleArguments a = arguments;
        if (a.Batch == 0) return;
        using Aten aten = new(this);
        Walks walks = WalksOf(aten, a);
        (int n, int keys, int values, int chunks) = (walks.Sequences, a.KeyDim, a.ValueDim,
            (walks.Steps + StepsOfChunk - 1) / StepsOfChunk);
        NativeTensor given = aten.Multiply(Picked(aten, a, new(dy, 0, a.Heads * values), values, walks.Tables),
            aten.View(walks.Tables.Reads, walks.Steps, 1));
        NativeTensor dq = aten.Zeros([n, walks.Steps, keys]), dk = aten.Zeros([n, walks.Steps, keys]),
            dv = aten.Zeros([n, walks.Steps, values]), gates = aten.Zeros([2, n, walks.Steps, 1]);
        NativeTensor states = aten.Zeros([chunks + 1, n, keys, values]), change = aten.Zeros([n, keys, values]);
        for (int index = 0; index < chunks; index++)
        {
            using Aten part = new(this);
            DeltaChunk chunk = ChunkOf(part, walks, index * StepsOfChunk);
            NativeTensor state = State(part, index);
            part.Copy(NextState(part, chunk, state, part.Multiply(Errors(part, chunk, state), chunk.Strengths)),
                State(part, index + 1));
        }

        for (int index = chunks - 1; index >= 0; index--)
        {
            using Aten part = new(this);
            int first = index * StepsOfChunk;
            DeltaChunk chunk = ChunkOf(part, walks, first);
            DeltaChange own = Differentiate(part, chunk, State(part, index), State(part, index + 1), change,
                Rows(part, given, walks, first, chunk.Count, values));
            part.Copy(own.Queries, Rows(part, dq, walks, first, chunk.Count, keys));
            part.Copy(own.Keys, Rows(part, dk, walks, first, chunk.Count, keys));
            part.Copy(own.Values, Rows(part, dv, walks, first, chunk.Count, values));
            part.Copy(own.Decays, Gate(part, 0, first, chunk.Count));
            part.Copy(own.Strengths, Gate(part, 1, first, chunk.Count));
            part.Copy(own.State, change);
        }

        PutHeads(aten, aten.Sum(ByToken(aten, a, dq, walks.Tables.Reading, keys), [2]), gradients.Q, a.Batch,
            a.Tokens, a.Heads, keys);
        PutHeads(aten, aten.Sum(ByToken(aten, a, dk, walks.Tables.Writing, keys), [2]), gradients.K, a.Batch,
            a.Tokens, a.Heads, keys);
        PutHeads(aten, aten.Sum(ByToken(aten, a, dv, walks.Tables.Writing, values), [2]), gradients.V, a.Batch,
            a.Tokens, a.Heads, values);
        if (gradients.Decay is { } decay) PutGates(aten, a, Gate(aten, 0, 0, walks.Steps), walks, decay);
        if (gradients.Strength is { } strength) PutGates(aten, a, Gate(aten, 1, 0, walks.Steps), walks, strength);

        NativeTensor State(in Aten part, int index) => part.Strided(states, [n, keys, values],
            [keys * values, values, 1], (long)index * n * keys * values);

        NativeTensor Gate(in Aten part, int which, int first, int count) => part.Strided(gates, [n, count, 1],
            [walks.Steps, 1, 1], (long)which * n * walks.Steps + first);
    }

    /// <summary>e: the errors that the updates are β times of, by a solve with the chunk's triangle.</summary>
    private static NativeTensor Errors(in Aten aten, in DeltaChunk chunk, NativeTensor state)
    {
        NativeTensor known = aten.Subtract(chunk.Values,
            aten.Multiply(aten.ExactBatchProduct(chunk.Keys, state), chunk.Factors));
        // (I + M β) e = v − γ k S, the columns of M weighed
        NativeTensor triangle = aten.Multiply(chunk.Overlaps, aten.Transposed(chunk.Strengths));
        return aten.One("linalg_solve_triangular", triangle, known, false, true, true);
    }

    private static NativeTensor NextState(in Aten aten, in DeltaChunk chunk, NativeTensor state,
        NativeTensor updates) =>
        aten.Add(aten.Multiply(state, chunk.End),
            aten.ExactBatchProduct(aten.Transposed(aten.Multiply(chunk.Keys, chunk.Rests)), updates));

    private static DeltaChange Differentiate(in Aten aten, in DeltaChunk chunk, NativeTensor state, NativeTensor next,
        NativeTensor change, NativeTensor given)
    {
        NativeTensor errors = Errors(aten, chunk, state), updates = aten.Multiply(errors, chunk.Strengths);
        NativeTensor from = aten.Add(aten.ExactBatchProduct(aten.Transposed(chunk.Reads), given),
            aten.Multiply(aten.ExactBatchProduct(chunk.Keys, change), chunk.Rests));
        NativeTensor triangle = aten.Transposed(aten.Multiply(chunk.Overlaps, chunk.Strengths));
        NativeTensor solved = aten.One("linalg_solve_triangular", triangle, from, true, true, true);
        NativeTensor values = aten.Multiply(solved, chunk.Strengths);
        NativeTensor reads = aten.Multiply(aten.ExactBatchProduct(given, aten.Transposed(updates)), chunk.Decays);
        NativeTensor overlaps = aten.One("neg", aten.One("tril", aten.Multiply(
            aten.ExactBatchProduct(values, aten.Transposed(updates)), chunk.Decays), -1L));
        NativeTensor before = aten.Transposed(state);
        NativeTensor queries = aten.Add(aten.Multiply(aten.ExactBatchProduct(given, before), chunk.Factors),
            aten.ExactBatchProduct(reads, chunk.Keys));
        NativeTensor reading = aten.Subtract(aten.ExactBatchProduct(overlaps, chunk.Keys),
            aten.Multiply(aten.ExactBatchProduct(values, before), chunk.Factors));
        NativeTensor writing = aten.Add(aten.Add(
            aten.ExactBatchProduct(aten.Transposed(reads), chunk.Queries),
            aten.ExactBatchProduct(aten.Transposed(overlaps), chunk.Keys)),
            aten.Multiply(aten.ExactBatchProduct(updates, aten.Transposed(change)), chunk.Rests));
        NativeTensor sums = aten.Sum(aten.Add(aten.Multiply(chunk.Queries, queries),
            aten.Multiply(chunk.Keys, aten.Subtract(reading, writing))), [2], keep: true);
        // Σ over r ≥ t: the whole less what is before
        NativeTensor whole = aten.Add(aten.Sum(sums, [1], keep: true),
            aten.Sum(aten.Multiply(change, next), [1, 2], keep: true));
        NativeTensor decays = aten.Add(aten.Subtract(whole, aten.One("cumsum", sums, 1L, Argument.None)), sums);
        NativeTensor earlier = aten.Add(aten.Multiply(change, chunk.End), aten.Subtract(
            aten.ExactBatchProduct(aten.Transposed(aten.Multiply(chunk.Queries, chunk.Factors)), given),
            aten.ExactBatchProduct(aten.Transposed(aten.Multiply(chunk.Keys, chunk.Factors)), values)));
        return new(queries, aten.Add(reading, writing), values, decays,
            aten.Sum(aten.Multiply(solved, errors), [2], keep: true), earlier);
    }

    private static DeltaChunk ChunkOf(in Aten aten, in Walks walks, int first)
    {
        int count = Math.Min(StepsOfChunk, walks.Steps - first);
        NativeTensor queries = Rows(aten, walks.Queries, walks, first, count, walks.KeyDim),
            keys = Rows(aten, walks.Keys, walks, first, count, walks.KeyDim);
        NativeTensor sums = aten.One("cumsum", aten.Cloned(Rows(aten, walks.Decays, walks, first, count, 1),
            [walks.Sequences, count, 1]), 1L, Argument.None);
        NativeTensor last = aten.Strided(sums, [walks.Sequences, 1, 1], [count, 1, 1], count - 1);
        // cut off before the exponential, which could overflow above the diagonal
        NativeTensor decays = aten.One("tril", aten.Exp(
            aten.One("tril", aten.Subtract(sums, aten.Transposed(sums)), 0L)), 0L);
        return new(count, queries, keys, Rows(aten, walks.Values, walks, first, count, walks.ValueDim),
            Rows(aten, walks.Strengths, walks, first, count, 1), decays, aten.Exp(sums),
            aten.Exp(aten.Subtract(last, sums)), aten.Exp(last),
            aten.Multiply(aten.ExactBatchProduct(queries, aten.Transposed(keys)), decays),
            aten.One("tril", aten.Multiply(aten.ExactBatchProduct(keys, aten.Transposed(keys)), decays), -1L));
    }

    /// <summary>Steps of every walk of a tensor <c>[sequence, step, width]</c>.</summary>
    private static NativeTensor Rows(in Aten aten, NativeTensor all, in Walks walks, int first, int count,
        int width) =>
        aten.Strided(all, [walks.Sequences, count, width], [(long)walks.Steps * width, width, 1], (long)first * width);

    private Walks WalksOf(in Aten aten, in DeltaRuleArguments a)
    {
        ScanTables tables = _scans.GetOrAdd(a.Scan, MakeTables);
        NativeTensor writes = aten.View(tables.Writes, a.Scan.Steps, 1);
        return new(a.Batch * a.Heads * GridScan.Count, a.Scan.Steps, a.KeyDim, a.ValueDim, tables,
            Picked(aten, a, a.Q, a.KeyDim, tables), Picked(aten, a, a.K, a.KeyDim, tables),
            Picked(aten, a, a.V, a.ValueDim, tables), aten.Multiply(Gates(aten, a, a.Decay, tables), writes),
            aten.Multiply(Gates(aten, a, a.Strength, tables), writes));
    }

    /// <summary>Vectors in the order of the walks, <c>[batch · head · walk, step, width]</c>.</summary>
    private static NativeTensor Picked(in Aten aten, in DeltaRuleArguments a, in HeadView view, int width,
        ScanTables tables) =>
        aten.View(aten.One("index_select", Packed(aten, view, a.Batch, a.Tokens, a.Heads, width), 1L,
            aten.View(tables.Tokens, GridScan.Count * a.Scan.Steps)), a.Batch * a.Heads * GridScan.Count, a.Scan.Steps,
            width);

    private static NativeTensor Gates(in Aten aten, in DeltaRuleArguments a, Storage gates, ScanTables tables)
    {
        long[] sizes = [a.Batch, a.Heads, GridScan.Count, a.Tokens];
        NativeTensor byHead = aten.Cloned(GateView(aten, a, gates), sizes);
        return aten.View(aten.One("index_select", aten.View(byHead, a.Batch * a.Heads, GridScan.Count * a.Tokens), 1L,
            aten.View(tables.Gates, GridScan.Count * a.Scan.Steps)), a.Batch * a.Heads * GridScan.Count, a.Scan.Steps,
            1);
    }

    /// <summary><c>[batch, head, walk, token]</c>.</summary>
    private static NativeTensor GateView(in Aten aten, in DeltaRuleArguments a, Storage gates) => aten.Strided(gates,
        [a.Batch, a.Heads, GridScan.Count, a.Tokens],
        [(long)a.Tokens * GridScan.Count * a.Heads, 1, a.Heads, GridScan.Count * a.Heads]);

    /// <summary>Rows of walks by token, <c>[batch, head, walk, token, width]</c>.</summary>
    private static NativeTensor ByToken(in Aten aten, in DeltaRuleArguments a, NativeTensor rows, TorchStorage steps,
        int width) =>
        aten.View(aten.One("index_select",
            aten.View(rows, a.Batch * a.Heads, GridScan.Count * a.Scan.Steps, width), 1L,
            aten.View(steps, GridScan.Count * a.Tokens)), a.Batch, a.Heads, GridScan.Count, a.Tokens, width);

    private static void PutGates(in Aten aten, in DeltaRuleArguments a, NativeTensor gates, in Walks walks,
        in Target to) =>
        PutView(aten, aten.View(ByToken(aten, a, gates, walks.Tables.Writing, 1), a.Batch, a.Heads, GridScan.Count,
            a.Tokens), GateView(aten, a, to.Storage), to.Accumulate);

    private ScanTables MakeTables(GridScan scan)
    {
        int[][] orders = [.. Enumerable.Range(0, GridScan.Count).Select(scan.Order)];
        return new(
            Table([.. orders.SelectMany(order => order)]),
            Table([.. orders.SelectMany((order, walk) => order.Select(token => walk * scan.Tokens + token))]),
            Table(Steps(reading: true)), Table(Steps(reading: false)),
            Constant([.. Enumerable.Range(0, scan.Steps).Select(step => scan.Reads(step) ? 1f : 0)]),
            Constant([.. Enumerable.Range(0, scan.Steps).Select(step => scan.Writes(step) ? 1f : 0)]));

        int[] Steps(bool reading) => [.. Enumerable.Range(0, GridScan.Count)
            .SelectMany(walk => scan.StepOf(walk, reading).Select(step => walk * scan.Steps + step))];
    }

    /// <summary>Places in walks, whole numbers of 64 bits, and 1 where a step reads, or writes.</summary>
    private sealed record ScanTables(TorchStorage Tokens, TorchStorage Gates, TorchStorage Reading,
        TorchStorage Writing, TorchStorage Reads, TorchStorage Writes);

    /// <summary>Everything in the order of the walks.</summary>
    private readonly record struct Walks(int Sequences, int Steps, int KeyDim, int ValueDim, ScanTables Tables,
        NativeTensor Queries, NativeTensor Keys, NativeTensor Values, NativeTensor Decays, NativeTensor Strengths);

    /// <summary>A chunk: β, Γ, γ, γ_C/γ, γ_C, A and M.</summary>
    private readonly record struct DeltaChunk(int Count, NativeTensor Queries, NativeTensor Keys, NativeTensor Values,
        NativeTensor Strengths, NativeTensor Decays, NativeTensor Factors, NativeTensor Rests, NativeTensor End,
        NativeTensor Reads, NativeTensor Overlaps);

    private readonly record struct DeltaChange(NativeTensor Queries, NativeTensor Keys, NativeTensor Values,
        NativeTensor Decays, NativeTensor Strengths, NativeTensor State);
}
